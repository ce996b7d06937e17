"""Mandates over HTTP: asked for, answered, used, ended."""

import uuid
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text, update

from app.audit.models import AuditRow
from app.core import clock
from app.core.errors import NotFound
from app.core.types import Actor
from app.family import jobs, queries, services
from app.family.models import Mandate
from app.family.states import as_of

MANDATES = "/api/v1/family/mandates"
UNKNOWN = {"name": "无名氏", "document_number": "11010519491231002X"}


def in_days(days):
    return (clock.legal_today() + timedelta(days=days)).isoformat()


def request_for(person, /, **changes):
    body = {
        "person": {
            "name": person.name,
            "document_type": "resident_id",
            "document_number": person.document_number,
        },
        "relation": "parent",
        "scopes": ["pay"],
        "until": in_days(300),
    }
    return {**body, **changes}


@pytest.fixture
def ask(client):
    def send(holder, principal, **changes):
        return client.post(MANDATES, json=request_for(principal, **changes), headers=holder.headers)

    return send


@pytest.fixture
def answer(client):
    def send(person, mandate_id, verb="accept"):
        return client.post(f"{MANDATES}/{mandate_id}/{verb}", headers=person.headers)

    return send


@pytest.fixture
def given(ask, answer):
    """An active mandate; answers its id."""

    def give(holder, principal, **changes):
        mandate_id = ask(holder, principal, **changes).json["id"]
        assert answer(principal, mandate_id).status_code == 200
        return mandate_id

    return give


@pytest.fixture
def members(client):
    return lambda person: client.get("/api/v1/family/members", headers=person.headers).json["items"]


@pytest.fixture
def mandates(client):
    return lambda person, query="": client.get(MANDATES + query, headers=person.headers).json


def test_known_and_unknown_persons_are_answered_alike_by_the_same_statements(
    client, invent, count_sql
):
    holder, known = invent(), invent()
    unknown = {**request_for(known), "person": {"document_type": "resident_id", **UNKNOWN}}
    answers, statements = [], []
    for body in (request_for(known), unknown):
        with count_sql() as seen:
            answers.append(client.post(MANDATES, json=body, headers=holder.headers))
        statements.append(list(seen))
    assert [each.status_code for each in answers] == [201, 201]
    for each in answers:
        assert set(each.json) == {"id", "number", "person_id", "status"}
        assert (each.json["person_id"], each.json["status"]) == (None, "pending")
    assert statements[0] == statements[1]


def test_an_accepted_mandate_makes_a_member(ask, answer, members, mandates, invent):
    holder, father = invent(), invent()
    mandate_id = ask(holder, father, scopes=["view_code", "pay"]).json["id"]
    assert [each["relation"] for each in members(holder)] == ["self"]
    accepted = answer(father, mandate_id)
    assert accepted.status_code == 200
    assert (accepted.json["as"], accepted.json["status"]) == ("principal", "active")
    own, member = members(holder)
    assert own["person_id"] == str(holder.actor.person_id)
    assert own["until"] is None
    assert set(own["scopes"]) == {"pay", "view_code", "handle_cases", "declare_code"}
    assert member == {
        "person_id": str(father.actor.person_id),
        "masked_name": father.name[0] + "*" + father.name[-1],
        "relation": "parent",
        "scopes": ["pay", "view_code"],
        "until": in_days(300),
        "guardian_as": None,
    }
    assert [each["relation"] for each in members(father)] == ["self"]
    (mine,) = mandates(holder)["items"]
    assert (mine["as"], mine["person_id"]) == ("holder", member["person_id"])


def test_each_side_sees_only_the_others_masked_name(ask, mandates, invent):
    holder, father = invent(), invent()
    ask(holder, father)
    (held,) = mandates(holder)["items"]
    (asked,) = mandates(father)["items"]
    assert (held["as"], held["masked_name"]) == ("holder", father.name[0] + "*" + father.name[-1])
    assert (asked["as"], asked["masked_name"]) == (
        "principal",
        holder.name[0] + "*" + holder.name[-1],
    )
    assert held["person_id"] is asked["person_id"] is None


def test_my_number_under_a_wrong_name_is_not_mine(ask, answer, mandates, client, invent):
    holder, father = invent(), invent()
    wrong = {
        "name": "不是本人",
        "document_type": "resident_id",
        "document_number": father.document_number,
    }
    mandate_id = ask(holder, father, person=wrong).json["id"]
    assert mandates(father)["items"] == []
    assert answer(father, mandate_id).status_code == 404
    assert answer(father, mandate_id, "decline").status_code == 404
    gone = client.delete(f"{MANDATES}/{mandate_id}", headers=father.headers)
    assert gone.status_code == 404


def test_only_the_principal_can_accept(ask, answer, invent):
    holder, father, stranger = invent(), invent(), invent()
    mandate_id = ask(holder, father).json["id"]
    shown = []
    for person, target in (
        (holder, mandate_id),
        (stranger, mandate_id),
        (stranger, uuid.uuid4()),
    ):
        for verb in ("accept", "decline"):
            refused = answer(person, target, verb)
            assert refused.status_code == 404
            shown.append({**refused.json, "trace_id": None})
    assert all(each == shown[0] for each in shown)


def test_an_answered_mandate_is_not_answered_again(ask, answer, mandates, invent):
    holder, father = invent(), invent()
    mandate_id = ask(holder, father).json["id"]
    assert answer(father, mandate_id, "decline").json["status"] == "declined"
    for verb in ("accept", "decline"):
        again = answer(father, mandate_id, verb)
        assert (again.status_code, again.json["code"]) == (409, "mandate_not_open")
    assert mandates(holder)["items"][0]["status"] == "declined"


@pytest.mark.parametrize("side", ["holder", "principal"])
@pytest.mark.parametrize("state", ["pending", "active"])
def test_either_side_ends_it_at_once(
    ask, given, client, mandates, members, session, invent, side, state
):
    holder, father, stranger = invent(), invent(), invent()
    start = given if state == "active" else lambda *who: ask(*who).json["id"]
    mandate_id = start(holder, father)
    path = f"{MANDATES}/{mandate_id}"
    assert client.delete(path, headers=stranger.headers).status_code == 404
    ender = holder if side == "holder" else father
    assert client.delete(path, headers=ender.headers).status_code == 204
    assert client.delete(path, headers=ender.headers).status_code == 204
    (mine,) = mandates(holder)["items"]
    assert (mine["status"], mine["person_id"]) == ("revoked", None)
    # Both are told whether it ever held, and who ended it.
    for shown in (mine, *mandates(father)["items"]):
        assert (shown["accepted"], shown["ended_by"]) == (state == "active", side)
    assert len(members(holder)) == 1
    assert session.get(Mandate, uuid.UUID(mandate_id)).ended_by == side


def test_one_living_mandate_for_a_person_is_the_most(ask, given, client, invent):
    holder, other, father = invent(), invent(), invent()
    mandate_id = given(holder, father)
    again = ask(holder, father)
    assert (again.status_code, again.json["code"]) == (409, "mandate_exists")
    assert ask(other, father).status_code == 201
    client.delete(f"{MANDATES}/{mandate_id}", headers=holder.headers)
    assert ask(holder, father).status_code == 201


def test_a_mandate_that_is_over_is_not_in_the_way_of_a_new_one(ask, given, session, invent):
    holder, father = invent(), invent()
    mandate_id = uuid.UUID(given(holder, father))
    let_it_run_out(session, mandate_id)
    assert ask(holder, father).status_code == 201
    session.expire_all()
    assert session.get(Mandate, mandate_id).status == "expired"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"until": in_days(0)}, "until"),
        ({"until": in_days(365 * 5 + 3)}, "until"),
        ({"until": "2026-02-30"}, "until"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"relation": "boss"}, "relation"),
        ({"status": "active"}, "status"),
        ({"principal_person_id": str(uuid.uuid4())}, "principal_person_id"),
    ],
)
def test_what_is_wrong_with_a_request_is_named(ask, invent, changes, field):
    refused = ask(invent(), invent(), **changes)
    assert refused.status_code == 422
    assert field in refused.json["errors"]


def test_a_number_that_cannot_be_is_refused(ask, invent):
    holder, father = invent(), invent()
    person = request_for(father)["person"]
    bad = {**person, "document_number": person["document_number"][:-1] + "A"}
    assert list(ask(holder, father, person=bad).json["errors"]) == ["document_number"]


def test_nobody_gives_a_mandate_to_themselves(ask, invent):
    holder = invent()
    refused = ask(holder, holder)
    assert refused.status_code == 422
    assert "document_number" in refused.json["errors"]


def test_ten_requests_a_day_are_the_most(ask, invent):
    holder = invent()
    codes = [ask(holder, invent()).status_code for _ in range(12)]
    assert codes == [201] * 10 + [429] * 2


def test_without_the_real_name_there_is_no_family(ask, client, invent):
    someone = invent(level="phone")
    assert ask(someone, invent()).json["code"] == "step_up_required"
    for path in (MANDATES, "/api/v1/family/members"):
        assert client.get(path, headers=someone.headers).status_code == 403


def test_a_mandate_reaches_only_its_own_scope_and_direction(given, session, invent):
    holder, father, stranger = invent(), invent(), invent()
    given(holder, father, scopes=["pay"])
    person = father.actor.person
    assert queries.may(session, holder.actor, person, "pay")
    assert not queries.may(session, holder.actor, person, "view_code")
    assert not queries.may(session, father.actor, holder.actor.person, "pay")
    assert not queries.may(session, stranger.actor, person, "pay")
    assert queries.reach(session, holder.actor, person, "pay").person_id == person
    assert queries.reach(session, holder.actor, None, "pay").mandate_id is None
    for subject in (stranger.actor.person, uuid.uuid4()):
        with pytest.raises(NotFound):
            queries.reach(session, holder.actor, subject, "pay")


def test_a_pending_mandate_reaches_nobody(ask, session, invent):
    holder, father = invent(), invent()
    ask(holder, father)
    assert not queries.may(session, holder.actor, father.actor.person, "pay")
    assert queries.mandated_documents(session, holder.actor, "pay") == set()


def test_the_last_day_counts_whole_and_no_sweep_is_needed_for_the_end(
    given, members, mandates, session, invent, monkeypatch
):
    holder, father = invent(), invent()
    given(holder, father, until=in_days(1))
    today = clock.legal_today()
    monkeypatch.setattr(clock, "legal_today", lambda: today + timedelta(days=1))
    assert queries.may(session, holder.actor, father.actor.person, "pay")
    monkeypatch.setattr(clock, "legal_today", lambda: today + timedelta(days=2))
    assert not queries.may(session, holder.actor, father.actor.person, "pay")
    assert len(members(holder)) == 1
    (mine,) = mandates(holder)["items"]
    assert (mine["status"], mine["person_id"]) == ("expired", None)
    assert session.scalar(select(Mandate.status)) == "active"


def test_a_request_that_ran_out_cannot_be_accepted(ask, answer, session, invent):
    holder, father = invent(), invent()
    mandate_id = ask(holder, father).json["id"]
    let_it_run_out(session, uuid.UUID(mandate_id))
    assert answer(father, mandate_id).json["code"] == "mandate_not_open"


def test_the_sweep_stores_the_end(given, ask, world, session, invent):
    holder, father = invent(), invent()
    over, living = uuid.UUID(given(holder, father)), uuid.UUID(ask(holder, invent()).json["id"])
    let_it_run_out(session, over)
    jobs.expire_mandates.run(world)
    jobs.expire_mandates.run(world)
    session.expire_all()
    ended = session.get(Mandate, over)
    assert (ended.status, ended.ended_by) == ("expired", "system")
    assert session.get(Mandate, living).status == "pending"


def test_the_list_goes_on_by_cursor(ask, mandates, client, invent):
    holder = invent()
    asked = [ask(holder, invent()).json["id"] for _ in range(5)]
    seen, query = [], "?limit=2"
    while query:
        page = mandates(holder, query)
        seen += [each["id"] for each in page["items"]]
        query = f"?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == asked[::-1]
    refused = client.get(MANDATES + "?cursor=WzFd", headers=holder.headers)
    assert (refused.status_code, refused.json["code"]) == (422, "invalid_cursor")


def test_names_and_numbers_lie_sealed_and_every_act_is_audited(given, client, session, invent):
    holder, father = invent(), invent()
    mandate_id = given(holder, father)
    client.delete(f"{MANDATES}/{mandate_id}", headers=father.headers)
    stored = session.scalar(text("SELECT string_agg(m::text, '') FROM mandates m"))
    for secret in (father.name, father.document_number):
        assert secret not in stored
        assert secret.encode().hex() not in stored
    acts = select(AuditRow.action, AuditRow.actor_id, AuditRow.subject_id).where(
        AuditRow.object_id == uuid.UUID(mandate_id)
    )
    subject = father.actor.person_id
    assert {tuple(row) for row in session.execute(acts)} == {
        ("family.ask_mandate", holder.actor.citizen_id, None),
        ("family.accept_mandate", father.actor.citizen_id, subject),
        ("family.revoke_mandate", father.actor.citizen_id, subject),
    }


def test_the_same_key_asks_once(client, session, invent):
    holder, father = invent(), invent()
    headers = {**holder.headers, "Idempotency-Key": "m-1"}
    first, second = (
        client.post(MANDATES, json=request_for(father), headers=headers) for _ in range(2)
    )
    assert first.json == second.json
    assert session.scalar(select(func.count()).select_from(Mandate)) == 1


def test_five_years_end_on_a_day_that_exists(monkeypatch, session):
    monkeypatch.setattr(clock, "legal_today", lambda: date(2028, 2, 29))
    services._check_until(date(2033, 2, 28))
    with pytest.raises(services.InvalidInput):
        services._check_until(date(2033, 3, 1))


def test_what_has_ended_stays_ended():
    assert as_of("active", date(2027, 1, 1), date(2027, 1, 1)) == "active"
    assert as_of("active", date(2027, 1, 1), date(2027, 1, 2)) == "expired"
    assert as_of("pending", date(2027, 1, 1), date(2027, 1, 2)) == "expired"
    assert as_of("revoked", date(2027, 1, 1), date(2027, 1, 2)) == "revoked"


def test_an_account_without_a_person_has_no_family():
    with pytest.raises(LookupError):
        queries.reach(None, Actor("citizen", uuid.uuid4()), uuid.uuid4(), "pay")


def let_it_run_out(session, mandate_id):
    yesterday = clock.legal_today() - timedelta(days=1)
    session.execute(update(Mandate).where(Mandate.id == mandate_id).values(until=yesterday))
    session.commit()


def test_a_code_is_shown_by_mandate_audited_and_no_longer_once_it_ends(
    given, client, session, invent
):
    daughter, mother, stranger = invent(), invent(), invent()
    path = f"/api/v1/health-code?subject_id={mother.actor.person_id}"
    assert client.get(path, headers=daughter.headers).status_code == 404
    mandate_id = given(daughter, mother, scopes=["view_code"])
    shown = client.get(path, headers=daughter.headers)
    assert (shown.status_code, shown.json["state"]) == (200, "none")
    assert client.get(path, headers=stranger.headers).status_code == 404
    seen = text("SELECT actor_id, subject_id FROM audit_rows WHERE action = 'healthcode.open_for'")
    assert session.execute(seen).all() == [(daughter.actor.citizen_id, mother.actor.person_id)]
    client.delete(f"/api/v1/family/mandates/{mandate_id}", headers=mother.headers)
    assert client.get(path, headers=daughter.headers).status_code == 404


def test_a_mandate_to_pay_shows_no_code(given, client, invent):
    daughter, mother = invent(), invent()
    given(daughter, mother, scopes=["pay"])
    path = f"/api/v1/health-code?subject_id={mother.actor.person_id}"
    assert client.get(path, headers=daughter.headers).status_code == 404
