"""A mandate ends at a window or before a village agent, as it was confirmed: with the document."""

import threading
from datetime import timedelta

import pytest
from family_support import BORN, somebody
from sqlalchemy import select, update
from staffing import make_officer
from support import make_person

from app.audit.models import AuditRow
from app.core import clock, crypto
from app.core.db import unit_of_work
from app.core.errors import DomainError
from app.core.events import RecordedEvent
from app.family import confirming, services
from app.family.confirming import Presented
from app.family.models import Mandate
from app.family.services import Terms
from app.identity import real_name
from app.identity.documents import parse_resident_id
from app.identity.real_name import Authorities
from app.identity.staff.models import Officer
from app.identity.staff.services import name_field

MANDATES = "/api/v1/family/mandates"


@pytest.fixture
def given(ask, confirm, elder, invent, invent_officer):
    """A daughter, her father without an account, and the number of the mandate he confirmed."""
    daughter, father = invent(), elder()
    number = ask(daughter, father)["number"]
    told = confirm(invent_officer("window_officer"), number, father)
    assert told.status_code == 200
    return daughter, father, number


def news(session):
    moved = select(RecordedEvent.payload["to"].astext).order_by(RecordedEvent.id)
    return session.scalars(moved.where(RecordedEvent.name == "family.mandate_moved")).all()


def acts(session):
    ended = select(AuditRow).where(AuditRow.action == "family.end_mandate")
    return session.scalars(ended.order_by(AuditRow.at)).all()


def members(client, holder):
    listed = client.get("/api/v1/family/members", headers=holder.headers).json["items"]
    return [each["relation"] for each in listed]


def refusal(answer):
    return answer.status_code, {**answer.json, "trace_id": None}


@pytest.mark.parametrize(
    ("role", "how"), [("window_officer", "window"), ("village_agent", "village_agent")]
)
def test_a_father_ends_what_he_confirmed_and_his_daughter_acts_no_more(
    given, end, client, invent_officer, session, role, how
):
    daughter, father, number = given
    assert members(client, daughter) == ["self", "parent"]
    officer = invent_officer(role)
    told = end(officer, number, father)
    assert (told.status_code, told.json["status"]) == (200, "revoked")
    assert members(client, daughter) == ["self"]
    (shown,) = client.get(MANDATES, headers=daughter.headers).json["items"]
    assert (shown["status"], shown["ended_by"]) == ("revoked", "principal")
    mandate = session.scalars(select(Mandate)).one()
    assert (mandate.ended_how, mandate.ended_before) == (how, officer.actor.officer)
    assert news(session) == ["asked", "confirmed", "ended"]
    (act,) = acts(session)
    assert (act.actor_id, act.result) == (officer.actor.officer, "done")
    assert (act.reason, act.unit_id) == (f"{how}:resident_id", officer.actor.unit_id)
    assert (act.subject_id, act.object_id) == (mandate.principal_person_id, mandate.id)


def test_what_has_ended_stays_as_it_is_and_is_told_once(
    given, end, confirm, invent_officer, session
):
    _, father, number = given
    first, second = invent_officer("window_officer"), invent_officer("village_agent")
    answers = [end(officer, number, father) for officer in (first, first, second)]
    assert [(each.status_code, each.json["status"]) for each in answers] == [(200, "revoked")] * 3
    assert session.scalar(select(Mandate.ended_before)) == first.actor.officer
    assert news(session) == ["asked", "confirmed", "ended"]
    assert len(acts(session)) == 1
    assert confirm(first, number, father).json["code"] == "mandate_not_open"


def test_whoever_ended_it_first_is_who_ended_it(given, end, client, invent_officer, session):
    daughter, father, number = given
    (shown,) = client.get(MANDATES, headers=daughter.headers).json["items"]
    client.delete(f"{MANDATES}/{shown['id']}", headers=daughter.headers)
    assert end(invent_officer("window_officer"), number, father).json["status"] == "revoked"
    mandate = session.scalars(select(Mandate)).one()
    assert (mandate.ended_by, mandate.ended_how, mandate.ended_before) == ("holder", None, None)
    assert acts(session) == []


def test_a_request_he_does_not_want_is_declined_there(
    ask, end, confirm, elder, invent, invent_officer, session
):
    father, window = elder(), invent_officer("window_officer")
    number = ask(invent(), father)["number"]
    assert end(window, number, father).json["status"] == "declined"
    assert news(session) == ["asked", "ended"]
    assert confirm(window, number, father).json["code"] == "mandate_not_open"


def test_who_has_an_account_by_now_ends_it_there_too(given, end, sign_in, invent_officer):
    _, father, number = given
    sign_in(father)
    assert end(invent_officer("window_officer"), number, father).json["status"] == "revoked"


def test_another_document_ends_nothing_is_remembered_and_tried_five_times_a_day(
    given, end, elder, invent_officer, session, monkeypatch
):
    _, father, number = given
    other, window = elder(), invent_officer("window_officer")
    # Confirming was the first of the five.
    answers = [end(window, number, other) for _ in range(5)]
    assert [each.status_code for each in answers] == [409] * 4 + [429]
    assert answers[0].json["code"] == "document_differs"
    assert end(window, number, father).status_code == 429
    assert [(act.reason, act.result) for act in acts(session)] == [
        ("document_differs", "refused")
    ] * 4
    assert session.scalar(select(Mandate.status)) == "active"


def test_an_officer_of_another_region_and_an_unknown_number_look_alike(
    ask, end, elder, claim, child_of, invent, invent_officer, session
):
    elsewhere, mother = elder("420281"), invent()
    number = ask(invent(), elsewhere)["number"]
    child = child_of(mother)
    assert claim(mother, child).status_code == 201
    guardians = select(Mandate.number).where(Mandate.guardian_as.is_not(None))
    guardianship = session.scalars(guardians).one()
    for role in ("window_officer", "village_agent"):
        officer = invent_officer(role)
        unknown = refusal(end(officer, "SQ202701010000000000", elsewhere))
        assert unknown[0] == 404
        assert refusal(end(officer, number, elsewhere)) == unknown
        # Guardianship follows the register, not the child.
        assert refusal(end(officer, guardianship, child)) == unknown


def test_only_the_two_roles_end_it(given, end, invent_officer):
    daughter, father, number = given
    for officer in (invent_officer(), invent_officer("case_officer", "system_admin")):
        assert end(officer, number, father).json["code"] == "role_required"
    assert end(daughter, number, father).status_code == 401


def test_an_officer_who_bears_a_sides_name_leaves_it_to_another(
    given, end, invent_officer, session, core
):
    daughter, father, number = given
    agent = invent_officer("village_agent")
    officer = agent.actor.officer
    sealed = crypto.seal(core.keys, name_field(officer), daughter.name)
    session.execute(update(Officer).where(Officer.id == officer).values(name_sealed=sealed))
    session.commit()
    refused = end(agent, number, father)
    assert (refused.status_code, refused.json["code"]) == (403, "officer_involved")
    assert [(act.reason, act.result) for act in acts(session)] == [("officer_involved", "refused")]
    assert end(invent_officer("village_agent"), number, father).status_code == 200


def test_an_outage_ends_nothing_and_costs_no_try(given, end, population, invent_officer, session):
    _, father, number = given
    window = invent_officer("window_officer")
    population.silent = True
    assert [end(window, number, father).status_code for _ in range(7)] == [503] * 7
    population.silent = False
    assert session.scalar(select(Mandate.status)) == "active"
    assert end(window, number, father).status_code == 200


def test_of_officers_who_end_it_at_once_one_does(live_core, population):
    holder, father = make_person(live_core), population.enter(somebody(BORN))
    officers = [make_officer(live_core, "window_officer") for _ in range(4)]
    authorities = Authorities(population, population)
    document = parse_resident_id(father.document_number, clock.legal_today())
    with unit_of_work(live_core) as session:
        claimed = real_name.claim(father.name, father.document_number)
        terms = Terms("parent", ("pay",), clock.legal_today() + timedelta(days=9))
        number = services.ask_mandate(session, holder.actor, claimed, terms).number
    with unit_of_work(live_core) as session:
        confirming.confirm(
            session, authorities, officers[0].actor, number, Presented(document, None)
        )
    found = []

    def run(officer):
        with unit_of_work(live_core) as session:
            outcome = confirming.end(session, authorities, officer.actor, number, document)
            found.append(outcome if isinstance(outcome, DomainError) else outcome.status)

    threads = [threading.Thread(target=run, args=(officer,)) for officer in officers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["revoked"] * 4
    with live_core.session() as session:
        assert len(acts(session)) == 1
        assert news(session) == ["asked", "confirmed", "ended"]
