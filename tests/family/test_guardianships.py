"""Guardianship: confirmed by the register, ended by age and by the register, told to both."""

import uuid
from datetime import date, timedelta

import pytest
from family_support import somebody, years_before
from sqlalchemy import select, text, update

from app.audit.models import AuditRow
from app.connectors.exchange import HealthRecord
from app.connectors.household_register import GuardianPair
from app.core import clock
from app.core.events import RecordedEvent
from app.family import ages, jobs, queries
from app.family.models import Mandate
from app.identity.models import Person
from app.privacy.models import ConsentEvent
from healthcode.jobs import end_withdrawn
from healthcode.models import HealthDeclaration
from scripts.environment import read_world

DECLARATION = "/api/v1/health-code/declaration"
HEALTHY = {
    "temperature_c": 36.5,
    "symptoms": [],
    "contact": "no",
    "risk_area": "low",
    "confirmed_true": True,
}


class Authority:
    """The health authority: nobody is concerned."""

    def records(self, *_: str) -> list[HealthRecord]:
        return []

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def world(world):
    """With a health authority that answers."""
    return type(world)(**{**vars(world), "health_authority": Authority()})


@pytest.fixture
def members(client):
    def read(person):
        items = client.get("/api/v1/family/members", headers=person.headers).json["items"]
        return items[1:]

    return read


@pytest.mark.parametrize(
    ("born", "fourteen", "eighteen"),
    [
        (date(2012, 5, 5), date(2026, 5, 5), date(2030, 5, 5)),
        (date(2008, 2, 29), date(2022, 3, 1), date(2026, 3, 1)),
        (date(2010, 2, 28), date(2024, 2, 28), date(2028, 2, 28)),
        (date(2010, 3, 1), date(2024, 3, 1), date(2028, 3, 1)),
        (date(2010, 12, 31), date(2024, 12, 31), date(2028, 12, 31)),
    ],
)
def test_ages_are_reached_on_the_birthday_and_in_common_years_of_leap_children_on_1_march(
    born, fourteen, eighteen
):
    assert ages.turns(born, 14) == fourteen
    assert ages.turns(born, 18) == eighteen
    assert ages.last_day_of_childhood(born) == eighteen - timedelta(days=1)
    assert not ages.is_at_least(born, 18, eighteen - timedelta(days=1))
    assert ages.is_at_least(born, 18, eighteen)


def test_a_mother_acts_for_her_child_at_once_until_the_day_before_it_is_eighteen(
    claim, child_of, members, invent, session
):
    mother = invent()
    child = child_of(mother)
    made = claim(mother, child)
    assert made.status_code == 201, made.json
    born = session.get(Person, uuid.UUID(made.json["person_id"])).birth_date
    assert made.json["until"] == str(ages.last_day_of_childhood(born))
    assert made.json["scopes"] == ["declare_code", "handle_cases", "pay", "view_code"]
    (shown,) = members(mother)
    assert (shown["relation"], shown["guardian_as"]) == ("child", "mother")
    assert shown["masked_name"] == child.name[0] + "*" + child.name[-1]


def test_a_child_is_one_until_the_eve_of_the_eighteenth_birthday(
    claim, child_of, members, invent, monkeypatch
):
    today = clock.legal_today()
    mother = invent()
    last_day = child_of(mother, born=years_before(today + timedelta(days=1), 18))
    grown = child_of(mother, born=years_before(today, 18))
    assert claim(mother, grown).json["errors"].keys() == {"document_number"}
    assert claim(mother, last_day).json["until"] == str(today)
    assert len(members(mother)) == 1
    monkeypatch.setattr(clock, "legal_today", lambda: today + timedelta(days=1))
    assert members(mother) == []


def test_whatever_does_not_fit_the_register_has_one_answer(claim, child_of, population, invent):
    mother, father = invent(), invent()
    child = child_of(mother)
    stranger = population.enter(somebody(date(2018, 1, 1)))
    unknown = somebody(date(2018, 1, 1))
    misnamed = type(child)("别人家的", child.document_number)
    answers = [
        claim(father, stranger),
        claim(father, unknown),
        claim(father, misnamed),
        claim(father, child, "father"),
        claim(mother, child, "father"),
    ]
    shown = [{**each.json, "trace_id": None} for each in answers]
    assert {each.status_code for each in answers} == {409}
    assert shown[0]["code"] == "guardianship_not_confirmed"
    assert all(each == shown[0] for each in shown)


def test_five_attempts_a_day_are_the_most_and_an_outage_costs_none(
    claim, child_of, households, invent
):
    mother = invent()
    child = child_of(mother)
    households.silent = True
    assert [claim(mother, child).status_code for _ in range(6)] == [503] * 6
    households.silent = False
    wrong = [claim(mother, child, "father").status_code for _ in range(6)]
    assert wrong == [409] * 5 + [429]


def test_both_parents_act_and_each_once(claim, child_of, households, members, invent):
    mother, father = invent(), invent()
    child = child_of(mother)
    households.guardians[father.document_number, child.document_number] = "father"
    assert claim(mother, child).status_code == 201
    assert claim(father, child, "father").status_code == 201
    again = claim(mother, child)
    assert (again.status_code, again.json["code"]) == (409, "mandate_exists")
    assert len(members(mother)) == len(members(father)) == 1


def test_the_end_asked_for_lies_within_childhood(claim, child_of, invent):
    mother = invent()
    child = child_of(mother, age=16)
    for until in (clock.legal_today() - timedelta(days=1), date(2099, 1, 1)):
        assert claim(mother, child, until=str(until)).json["errors"].keys() == {"until"}
    soon = clock.legal_today() + timedelta(days=30)
    assert claim(mother, child, until=str(soon)).json["until"] == str(soon)


@pytest.mark.parametrize(("age", "status"), [(13, 403), (14, 200)])
def test_below_fourteen_a_guardian_declares_and_from_then_on_the_child_may_too(
    client, child_of, sign_in, invent, age, status
):
    young = sign_in(child_of(invent(), age=age))
    told = client.put(DECLARATION, json=HEALTHY, headers=young.headers)
    assert told.status_code == status
    if status == 403:
        assert told.json["code"] == "guardian_acts"


def test_below_fourteen_nobody_gives_or_asks_for_mandates(client, child_of, sign_in, invent):
    young, aunt = sign_in(child_of(invent(), age=13)), invent()
    body = {
        "relation": "other",
        "scopes": ["pay"],
        "until": str(clock.legal_today() + timedelta(days=30)),
    }

    def ask(holder, principal):
        person = {
            "name": principal.name,
            "document_type": "resident_id",
            "document_number": principal.document_number,
        }
        return client.post(
            "/api/v1/family/mandates", json={**body, "person": person}, headers=holder.headers
        )

    assert ask(young, aunt).json["code"] == "guardian_acts"
    asked = ask(aunt, young).json["id"]
    accepted = client.post(f"/api/v1/family/mandates/{asked}/accept", headers=young.headers)
    assert (accepted.status_code, accepted.json["code"]) == (403, "guardian_acts")


def test_a_guardian_declares_with_consent_shows_the_code_and_the_uses_say_so(
    claim, child_of, client, session, invent
):
    mother, stranger = invent(), invent()
    child_id = claim(mother, child_of(mother)).json["person_id"]
    path = f"{DECLARATION}?subject_id={child_id}"
    assert client.put(path, json=HEALTHY, headers=stranger.headers).status_code == 404
    declared = client.put(path, json=HEALTHY, headers=mother.headers)
    assert (declared.status_code, declared.json["colour"]) == (200, "green")
    for _ in range(3):
        shown = client.get(f"/api/v1/health-code?subject_id={child_id}", headers=mother.headers)
        assert shown.json["code"].startswith("HB1:")
    row = session.scalar(select(HealthDeclaration))
    assert (str(row.person_id), row.account_id) == (child_id, mother.actor.account)
    consent = session.scalar(select(ConsentEvent))
    assert (str(consent.child_id), consent.act) == (child_id, "given")
    mandate_id = session.scalar(select(Mandate.id))
    uses = client.get(f"/api/v1/family/mandates/{mandate_id}/uses", headers=mother.headers).json
    assert [each["act"] for each in uses["items"]] == ["code_shown", "health_declared"]
    assert uses["items"][1]["what"] == "申报了健康情况"
    assert uses["items"][0]["by"] == mother.name[0] + "*" + mother.name[-1]


def test_consent_given_for_a_child_is_taken_back_by_either_parent_and_ends_its_code_alone(
    claim, child_of, households, client, session, invent, world
):
    from_mother, from_father = invent(), invent()
    child = child_of(from_mother)
    households.guardians[from_father.document_number, child.document_number] = "father"
    child_id = claim(from_mother, child).json["person_id"]
    claim(from_father, child, "father")
    path = f"{DECLARATION}?subject_id={child_id}"
    client.put(path, json=HEALTHY, headers=from_mother.headers)
    client.put(DECLARATION, json=HEALTHY, headers=from_mother.headers)
    assert client.delete(path, headers=invent().headers).status_code == 404
    for _ in range(2):
        assert client.delete(path, headers=from_father.headers).status_code == 204
    acts = session.execute(select(ConsentEvent.act, ConsentEvent.child_id).order_by("at")).all()
    assert acts == [
        ("given", uuid.UUID(child_id)),
        ("given", None),
        ("withdrawn", uuid.UUID(child_id)),
    ]
    payload = session.scalar(
        select(RecordedEvent.payload).where(RecordedEvent.name == "privacy.consent_withdrawn")
    )
    end_withdrawn.run(world, **payload)
    own = client.get("/api/v1/health-code", headers=from_mother.headers).json
    childs = client.get(f"/api/v1/health-code?subject_id={child_id}", headers=from_father.headers)
    assert own["state"] == "active"
    assert (childs.json["state"], childs.json["code"]) == ("none", None)


def test_a_child_of_fourteen_does_not_end_the_guardianship_but_sees_it_and_its_uses(
    claim, child_of, sign_in, client, invent
):
    mother = invent()
    child = child_of(mother, age=15)
    young = sign_in(child)
    path = f"/api/v1/family/mandates/{claim(mother, child).json['id']}"
    refused = client.delete(path, headers=young.headers)
    assert (refused.status_code, refused.json["code"]) == (409, "guardianship_stands")
    (shown,) = client.get("/api/v1/family/mandates", headers=young.headers).json["items"]
    assert (shown["as"], shown["guardian_as"], shown["status"]) == ("principal", "mother", "active")
    assert client.get(f"{path}/uses", headers=young.headers).status_code == 200
    assert client.get(f"{path}/uses", headers=invent().headers).status_code == 404
    assert client.delete(path, headers=mother.headers).status_code == 204


def test_what_a_child_gave_gives_way_to_guardianship(
    claim, child_of, sign_in, client, session, invent
):
    mother = invent()
    child = child_of(mother, age=15)
    young = sign_in(child)
    until = str(clock.legal_today() + timedelta(days=30))
    body = {"person": child.claimed, "relation": "child", "scopes": ["pay"], "until": until}
    asked = client.post("/api/v1/family/mandates", json=body, headers=mother.headers).json["id"]
    client.post(f"/api/v1/family/mandates/{asked}/accept", headers=young.headers)
    assert claim(mother, child).status_code == 201
    found = session.execute(select(Mandate.status, Mandate.guardian_as).order_by(Mandate.id)).all()
    assert found == [("revoked", None), ("active", "mother")]


def age_the_register(session, days):
    old = clock.now() - timedelta(days=days)
    session.execute(update(Mandate).values(checked_at=old))
    session.commit()


def told_of(session):
    moved = select(RecordedEvent.payload["to"].astext).where(
        RecordedEvent.name == "family.mandate_moved"
    )
    return session.scalars(moved.order_by(RecordedEvent.id)).all()


def test_after_a_courts_decision_the_sweep_ends_it_tells_both_and_leaves_the_other_parent(
    claim, child_of, households, members, session, invent, world
):
    mother, father = invent(), invent()
    child = child_of(mother)
    households.guardians[father.document_number, child.document_number] = "father"
    claim(mother, child)
    claim(father, child, "father")
    del households.guardians[father.document_number, child.document_number]
    jobs.recheck_guardianships.run(world)
    assert len(members(father)) == 1
    age_the_register(session, 2)
    jobs.recheck_guardianships.run(world)
    session.expire_all()
    assert members(father) == []
    assert len(members(mother)) == 1
    ended = session.scalars(select(Mandate).where(Mandate.guardian_as == "father")).one()
    assert (ended.status, ended.ended_by) == ("revoked", "register")
    assert told_of(session) == ["confirmed", "confirmed", "ended"]
    act = select(AuditRow.actor_kind).where(AuditRow.action == "family.end_guardianship")
    assert session.scalars(act).all() == ["system"]


def test_a_silent_register_ends_nothing_and_counts_for_a_week(
    claim, child_of, households, members, session, invent, world
):
    mother = invent()
    claim(mother, child_of(mother))
    households.silent = True
    age_the_register(session, 6)
    jobs.recheck_guardianships.run(world)
    assert len(members(mother)) == 1
    age_the_register(session, 8)
    assert members(mother) == []
    households.silent = False
    jobs.recheck_guardianships.run(world)
    assert len(members(mother)) == 1


def test_no_day_of_the_sweep_is_needed_for_the_end_at_eighteen(
    claim, child_of, client, session, invent, monkeypatch
):
    mother = invent()
    today = clock.legal_today()
    born = years_before(today + timedelta(days=2), 18)
    child_id = uuid.UUID(claim(mother, child_of(mother, born=born)).json["person_id"])
    for days, reached in ((1, True), (2, False)):
        monkeypatch.setattr(clock, "legal_today", lambda days=days: today + timedelta(days=days))
        for scope in ("pay", "view_code", "handle_cases", "declare_code"):
            assert queries.may(session, mother.actor, child_id, scope) is reached
    path = f"/api/v1/health-code?subject_id={child_id}"
    assert client.get(path, headers=mother.headers).status_code == 404


def test_the_adapter_asks_the_register_over_http(stubs, real_world):
    by_key = {person["key"]: person for person in read_world()["people"]}

    def named(key):
        return tuple(by_key[key][each] for each in ("name", "document_type", "document_number"))

    ask = real_world.household_register.guardian_as
    assert ask(GuardianPair(named("r001"), named("c001"))) == "mother"
    assert ask(GuardianPair(named("r002"), named("c001"))) == "father"
    assert ask(GuardianPair(named("r003"), named("c001"))) is None
    assert ask(GuardianPair(named("r001"), ("别人", *named("c001")[1:]))) is None


def test_nothing_of_a_child_stands_in_clear(claim, child_of, session, invent):
    mother = invent()
    child = child_of(mother)
    claim(mother, child)
    for table in ("mandates", "mandate_uses", "persons", "events", "audit_rows"):
        stored = session.scalar(text(f"SELECT string_agg(t::text, '') FROM {table} t")) or ""
        for secret in (child.name, child.document_number):
            assert secret not in stored
            assert secret.encode().hex() not in stored
