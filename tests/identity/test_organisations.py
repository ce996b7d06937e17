"""Organisations: claimed by whom the registry names, acted for in a session."""

import json
import uuid
from datetime import timedelta
from urllib.request import Request, urlopen

import pytest
from identity.organisation_support import Desk, company
from sqlalchemy import select, text, update

from app.audit.models import AuditRow
from app.core import clock
from app.core.http import Party
from app.identity.organisations import jobs, operators
from app.identity.organisations.models import Operator, Organisation
from scripts.environment import read_world

WORLD = read_world()
BY_KEY = {person["key"]: person for person in WORLD["people"]}
COMPANIES = iter(WORLD["organisations"][:18])
CLOSED = WORLD["organisations"][18:]


@pytest.fixture
def desk(client):
    return Desk(client)


@pytest.fixture
def prove(client, invent, stubs):
    """Somebody of the demonstration, signed in with a proved name: their headers."""

    def make(key):
        person, real = invent(level="phone"), BY_KEY[key]
        body = {each: real[each] for each in ("name", "document_type", "document_number")}
        told = client.post("/api/v1/me/real-name", json=body, headers=person.headers)
        assert told.status_code == 200, told.json
        return {"Authorization": f"Bearer {told.json['access_token']}"}

    return make


@pytest.fixture
def claim(client):
    def send(headers, uscc):
        return client.post("/api/v1/organisations", json={"uscc": uscc}, headers=headers)

    return send


@pytest.fixture
def registry_says(stubs):
    """Changes the registry's entry."""

    def send(uscc, **changes):
        body = json.dumps({"uscc": uscc, **changes}).encode()
        headers = {"Content-Type": "application/json"}
        urlopen(Request(f"{stubs}/business-registry/simulate", data=body, headers=headers)).close()

    return send


def age_facts(session, **of):
    session.execute(update(Organisation).values(as_of=clock.now() - timedelta(**of)))
    session.commit()


def code_of(answer):
    return answer.status_code, answer.json["code"]


def test_the_legal_representative_brings_the_company_in_and_acts_for_it(
    prove, claim, desk, client, session
):
    entry = next(COMPANIES)
    headers = prove(entry["representative"])
    made = claim(headers, entry["uscc"].lower())
    assert made.status_code == 201, made.json
    assert (made.json["name"], made.json["kind"]) == (entry["name"], "enterprise")
    assert made.json["role"] == "legal_representative"
    assert desk.get("/api/v1/organisations", headers).json["items"] == [made.json]
    acting = desk.acting(headers, made.json["id"])
    me = client.get("/api/v1/me", headers=acting).json
    assert me["acting_as"] == {
        "organisation_id": made.json["id"],
        "name": entry["name"],
        "scopes": ["handle_cases", "manage_operators", "pay"],
    }
    stored = session.scalar(text("SELECT string_agg(o::text, '') FROM organisations o"))
    assert BY_KEY[entry["representative"]]["document_number"] not in stored
    assert BY_KEY[entry["representative"]]["name"] not in stored


def test_whatever_does_not_fit_is_answered_alike(prove, claim, session):
    entry = next(COMPANIES)
    somebody = prove("r090")
    told = [claim(somebody, entry["uscc"]), claim(somebody, "91350100M000100Y43")]
    for closed in CLOSED:
        told.append(claim(prove(closed["representative"]), closed["uscc"]))
    shown = [{**each.json, "trace_id": None} for each in told]
    assert {each.status_code for each in told} == {422}
    assert all(each == shown[0] for each in shown)
    assert shown[0]["code"] == "organisation_mismatch"
    assert session.scalar(select(Organisation.id)) is None


@pytest.mark.parametrize("code", ["91429999HB9000019X", "9142", "I1420000011043372A", "Ａ" * 18])
def test_a_code_that_fails_its_checks_never_reaches_the_registry(claim, invent, code):
    refused = claim(invent().headers, code)
    assert refused.status_code == 422
    assert list(refused.json["errors"]) == ["uscc"]


def test_ten_claims_a_day_are_the_most_and_an_outage_costs_none(claim, invent, app, stubs, world):
    somebody = invent().headers
    registry = app.extensions["huiban"].business_registry
    working, registry._party = registry._party, Party("business_registry", "http://127.0.0.1:9")
    assert {claim(somebody, "91350100M000100Y43").status_code for _ in range(12)} == {503}
    registry._party.close()
    registry._party = working
    codes = [claim(somebody, "91350100M000100Y43").status_code for _ in range(11)]
    assert codes == [422] * 10 + [429]


def test_claiming_twice_is_one_organisation(prove, claim):
    entry = next(COMPANIES)
    headers = prove(entry["representative"])
    assert claim(headers, entry["uscc"]).json["id"] == claim(headers, entry["uscc"]).json["id"]


def test_another_representative_in_the_registry_ends_the_old_ones_right(
    prove, claim, desk, registry_says, session, world
):
    entry = next(COMPANIES)
    old, new = prove(entry["representative"]), prove("r091")
    organisation = claim(old, entry["uscc"]).json["id"]
    acting = desk.acting(old, organisation)
    path = f"/api/v1/organisations/{organisation}"
    assert desk.get(path, acting).status_code == 200
    registry_says(entry["uscc"], representative=BY_KEY["r091"]["document_number"])
    age_facts(session, hours=25)
    jobs.recheck.run(world)
    assert code_of(desk.get(path, acting)) == (403, "acting_ended")
    assert code_of(desk.act_for(old, organisation)) == (404, "not_found")
    assert claim(new, entry["uscc"]).json["id"] == organisation
    assert desk.acting(new, organisation)


def test_a_switch_asks_the_registry_again_when_its_word_is_a_day_old(
    prove, claim, desk, registry_says, session
):
    entry = next(COMPANIES)
    headers = prove(entry["representative"])
    organisation = claim(headers, entry["uscc"]).json["id"]
    registry_says(entry["uscc"], status="deregistered")
    assert desk.act_for(headers, organisation).status_code == 200, "its word still counts"
    age_facts(session, hours=25)
    assert code_of(desk.act_for(headers, organisation)) == (404, "not_found")
    assert desk.get("/api/v1/organisations", headers).json["items"] == []


def test_while_the_registry_is_silent_its_last_word_holds_a_week(desk, invent, core, session, app):
    registry = app.extensions["huiban"].business_registry
    registry._party.close()
    registry._party = Party("business_registry", "http://127.0.0.1:9")
    person = invent()
    organisation = company(core, person, age=timedelta(days=6))
    acting = desk.acting(person, organisation)
    age_facts(session, days=7, seconds=1)
    path = f"/api/v1/organisations/{organisation}"
    assert code_of(desk.get(path, acting)) == (403, "acting_ended")
    assert code_of(desk.act_for(person, organisation)) == (503, "party_unavailable")


def test_the_sweep_stops_where_the_registry_is_silent(core, invent, session, world):
    company(core, invent(), age=timedelta(days=2))
    world.business_registry._party.close()
    world.business_registry._party = Party("business_registry", "http://127.0.0.1:9")
    jobs.recheck.run(world)
    assert session.scalar(select(Organisation.status)) == "active"


def test_a_company_the_registry_no_longer_knows_is_over(core, invent, desk, world, stubs):
    person = invent()
    organisation = company(core, person, age=timedelta(days=2))
    jobs.recheck.run(world)
    assert desk.get("/api/v1/organisations", person).json["items"] == []
    assert code_of(desk.act_for(person, organisation)) == (404, "not_found")


def test_a_session_that_acts_for_an_organisation_does_nothing_of_the_persons_own(
    core, invent, desk, client
):
    person = invent()
    acting = desk.acting(person, company(core, person))
    own = ("/api/v1/bills", "/api/v1/health-code", "/api/v1/notices", "/api/v1/family/members")
    for path in own:
        assert code_of(client.get(path, headers=acting)) == (403, "acting_for_organisation"), path
    assert client.get("/api/v1/me", headers=acting).status_code == 200
    back = desk.acting(acting, None)
    assert client.get("/api/v1/family/members", headers=back).status_code == 200
    assert client.get("/api/v1/me", headers=back).json["acting_as"] is None


def test_a_refresh_goes_on_acting_only_while_the_right_holds(core, invent, desk, client, session):
    person = invent()
    organisation = company(core, person)
    desk.acting(person, organisation)

    def refresh(token):
        told = client.post("/api/v1/auth/sessions/refresh", json={"refresh_token": token}).json
        headers = {"Authorization": f"Bearer {told['access_token']}"}
        acting_as = client.get("/api/v1/me", headers=headers).json["acting_as"]
        named = acting_as["organisation_id"] if acting_as else None
        assert told["citizen"]["organisation_id"] == named
        return acting_as, told["refresh_token"]

    acting_as, token = refresh(person.refresh_token)
    assert acting_as["organisation_id"] == str(organisation)
    session.execute(update(Organisation).values(status="revoked"))
    session.commit()
    acting_as, token = refresh(token)
    assert acting_as is None
    session.execute(update(Organisation).values(status="active"))
    session.commit()
    assert refresh(token)[0] is None, "nobody acts again without saying so"


def test_the_audit_says_who_acted_for_which_organisation(core, invent, desk, session):
    manager, clerk = invent(), invent()
    organisation = company(core, manager)
    acting = desk.acting(manager, organisation)
    operator = desk.employ(acting, organisation, clerk)
    desk.end(acting, organisation, operator)
    rows = session.scalars(select(AuditRow).where(AuditRow.organisation_id == organisation)).all()
    told = {row.action: (row.actor_id, str(row.object_id)) for row in rows}
    assert told == {
        "identity.add_operator": (manager.actor.account, operator),
        "identity.accept_operator": (clerk.actor.account, operator),
        "identity.end_operator": (manager.actor.account, operator),
    }
    switched = select(AuditRow.object_id).where(AuditRow.action == "identity.act_for_organisation")
    assert session.scalar(switched) == organisation


def test_a_foreign_organisation_is_answered_like_an_unknown_one(core, invent, desk, client):
    owner, stranger = invent(), invent()
    foreign, unknown = company(core, owner), uuid.uuid4()
    clerk = desk.add(owner, foreign, invent()).json["id"]
    for method, path in [
        ("GET", "/api/v1/organisations/{}"),
        ("GET", "/api/v1/organisations/{}/operators"),
        ("DELETE", "/api/v1/organisations/{}/operators/" + clerk),
    ]:
        told = [
            client.open(path.format(each), method=method, headers=stranger.headers)
            for each in (foreign, unknown)
        ]
        shown = [{**each.json, "trace_id": None} for each in told]
        assert [each.status_code for each in told] == [404, 404], path
        assert shown[0] == shown[1]
    told = [desk.act_for(stranger, each) for each in (foreign, unknown)]
    assert [code_of(each) for each in told] == [(404, "not_found")] * 2
    told = [desk.add(stranger, each, invent()) for each in (foreign, unknown)]
    assert [code_of(each) for each in told] == [(404, "not_found")] * 2


def test_acting_for_one_company_reaches_no_other_of_mine(core, invent, desk):
    person = invent()
    first, second = company(core, person), company(core, person)
    acting = desk.acting(person, first)
    assert desk.get(f"/api/v1/organisations/{first}", acting).status_code == 200
    assert code_of(desk.get(f"/api/v1/organisations/{second}", acting)) == (404, "not_found")


def test_the_sweep_stores_the_end_of_what_is_over(core, invent, desk, session):
    manager, clerk = invent(), invent()
    organisation = company(core, manager)
    desk.employ(manager, organisation, clerk)
    session.execute(update(Operator).values(until=clock.legal_today() - timedelta(days=1)))
    session.commit()
    assert operators.expire_overdue(session) == 1
    assert session.scalar(select(Operator.status)) == "expired"
    assert operators.expire_overdue(session) == 0
