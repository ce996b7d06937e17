"""People without an account confirm before an officer: at a window or to a village agent."""

import threading
from datetime import timedelta

import pytest
from family_support import BORN, somebody
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError
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
from app.family.policies import acts_as, covers
from app.family.services import Terms
from app.identity import real_name
from app.identity.documents import parse_resident_id
from app.identity.real_name import Authorities
from app.identity.staff.models import Officer, OfficerRole
from app.identity.staff.services import name_field

MANDATES = "/api/v1/family/mandates"


def refusal(answer):
    return answer.status_code, {**answer.json, "trace_id": None}


def test_a_father_without_an_account_confirms_at_a_window_and_counts_at_once(
    ask, look, confirm, elder, client, invent, invent_officer, session
):
    daughter, father, window = invent(), elder(), invent_officer("window_officer")
    asked = ask(daughter, father)
    shown = look(window, asked["number"])
    assert shown.json == {
        "number": asked["number"],
        "status": "pending",
        "relation": "parent",
        "scopes": ["pay"],
        "until": str(clock.legal_today() + timedelta(days=200)),
        "holder": {"masked_name": daughter.name[0] + "*" + daughter.name[-1]},
        "principal": {"masked_name": father.name[0] + "*" + father.name[-1]},
    }
    told = confirm(window, asked["number"], father, phone="13900001234")
    assert (told.status_code, told.json["status"]) == (200, "active")
    members = client.get("/api/v1/family/members", headers=daughter.headers).json["items"]
    assert [each["relation"] for each in members] == ["self", "parent"]
    (mine,) = client.get(MANDATES, headers=daughter.headers).json["items"]
    assert (mine["confirmed_how"], mine["number"]) == ("window", None)
    act = session.scalars(select(AuditRow).where(AuditRow.action == "family.confirm_mandate")).one()
    assert (act.actor_id, act.result) == (window.actor.officer, "done")
    assert (act.reason, act.unit_id) == ("window:resident_id", window.actor.unit_id)
    moved = select(RecordedEvent.payload["to"].astext).order_by(RecordedEvent.id)
    named = moved.where(RecordedEvent.name == "family.mandate_moved")
    assert session.scalars(named).all() == ["asked", "confirmed"]
    stored = session.scalar(text("SELECT string_agg(m::text, '') FROM mandates m"))
    for secret in (father.name, father.document_number, "13900001234"):
        assert secret not in stored
        assert secret.encode().hex() not in stored


def test_a_confirmed_mandate_is_not_confirmed_again(
    ask, confirm, elder, invent, invent_officer, session
):
    father, window = elder(), invent_officer("window_officer")
    number = ask(invent(), father)["number"]
    codes = [confirm(window, number, father).status_code for _ in range(3)]
    assert codes == [200, 409, 409]
    assert confirm(window, number, father).json["code"] == "mandate_not_open"


def test_another_document_confirms_nothing_is_remembered_and_tried_five_times_at_most(
    ask, confirm, elder, invent, invent_officer, session
):
    father, other, window = elder(), elder(), invent_officer("window_officer")
    number = ask(invent(), father)["number"]
    answers = [confirm(window, number, other) for _ in range(6)]
    assert [each.status_code for each in answers] == [409] * 5 + [429]
    assert answers[0].json["code"] == "document_differs"
    assert confirm(window, number, father).status_code == 429
    refused = select(AuditRow.reason, AuditRow.result).where(
        AuditRow.action == "family.confirm_mandate"
    )
    assert session.execute(refused).all() == [("document_differs", "refused")] * 5
    assert session.scalar(select(Mandate.status)) == "pending"


def test_an_agent_of_another_region_sees_nothing_like_for_an_unknown_number(
    ask, look, confirm, elder, invent, invent_officer
):
    agent, window = invent_officer("village_agent"), invent_officer("window_officer")
    elsewhere = elder("420281")
    number = ask(invent(), elsewhere)["number"]
    unknown = "SQ202701010000000000"
    for officer in (agent, window):
        foreign, none = refusal(look(officer, number)), refusal(look(officer, unknown))
        assert foreign == none
        assert foreign[0] == 404
        tried = refusal(confirm(officer, number, elsewhere))
        assert tried == refusal(confirm(officer, unknown, elsewhere))
        assert tried[0] == 404
    near = elder()
    told = confirm(agent, ask(invent(), near)["number"], near)
    assert told.status_code == 200


def test_a_wrong_name_or_number_is_nobody_at_the_desk(
    ask, look, confirm, elder, population, invent, invent_officer
):
    window = invent_officer("window_officer")
    father = elder()
    misnamed = type(father)("写错了", father.document_number)
    assert look(window, ask(invent(), misnamed)["number"]).status_code == 404
    assert look(window, ask(invent(), somebody(BORN))["number"]).status_code == 404


def test_only_the_two_roles_come_here(ask, look, confirm, elder, invent, invent_officer):
    father, holder = elder(), invent()
    number = ask(holder, father)["number"]
    for officer in (invent_officer(), invent_officer("case_officer", "system_admin")):
        assert look(officer, number).json["code"] == "role_required"
        assert confirm(officer, number, father).json["code"] == "role_required"
    assert look(holder, number).status_code == 401


def test_a_role_that_ended_confirms_nothing(ask, confirm, elder, invent, invent_officer, session):
    father, agent = elder(), invent_officer("village_agent")
    number = ask(invent(), father)["number"]
    session.execute(update(OfficerRole).values(ended_at=clock.now()))
    session.commit()
    assert confirm(agent, number, father).json["code"] == "role_required"


@pytest.mark.parametrize("side", ["holder", "principal"])
def test_who_confirms_is_neither_side(
    ask, confirm, elder, invent, invent_officer, session, core, side
):
    holder, father, agent = invent(), elder(), invent_officer("village_agent")
    number = ask(holder, father)["number"]
    same = holder.name if side == "holder" else father.name
    officer = agent.actor.officer
    sealed = crypto.seal(core.keys, name_field(officer), same)
    session.execute(update(Officer).where(Officer.id == officer).values(name_sealed=sealed))
    session.commit()
    refused = confirm(agent, number, father)
    assert (refused.status_code, refused.json["code"]) == (403, "officer_involved")
    assert confirm(invent_officer("village_agent"), number, father).status_code == 200


def test_a_child_below_fourteen_is_not_confirmed_for(
    ask, confirm, population, invent, invent_officer
):
    child = population.enter(somebody(clock.legal_today() - timedelta(days=10 * 365)))
    number = ask(invent(), child)["number"]
    refused = confirm(invent_officer("window_officer"), number, child)
    assert (refused.status_code, refused.json["code"]) == (403, "guardian_acts")


def test_what_has_ended_is_not_confirmed(ask, confirm, elder, client, invent, invent_officer):
    holder, father, window = invent(), elder(), invent_officer("window_officer")
    asked = ask(holder, father)
    client.delete(f"{MANDATES}/{asked['id']}", headers=holder.headers)
    assert confirm(window, asked["number"], father).json["code"] == "mandate_not_open"


def test_an_officer_of_another_region_uses_up_no_try(
    ask, confirm, elder, population, invent, invent_officer
):
    agent, elsewhere = invent_officer("village_agent"), elder("420281")
    number = ask(invent(), elsewhere)["number"]
    assert [confirm(agent, number, elsewhere).status_code for _ in range(7)] == [404] * 7
    population.enter(elsewhere, "420106")
    assert confirm(agent, number, elsewhere).status_code == 200


def test_an_outage_costs_no_try(ask, confirm, elder, population, invent, invent_officer):
    father, window = elder(), invent_officer("window_officer")
    number = ask(invent(), father)["number"]
    population.silent = True
    assert [confirm(window, number, father).status_code for _ in range(7)] == [503] * 7
    population.silent = False
    assert confirm(window, number, father).status_code == 200


def test_two_hundred_numbers_a_day_are_the_most(look, invent_officer, monkeypatch):
    monkeypatch.setattr(confirming, "OPENED_A_DAY", type(confirming.OPENED_A_DAY)("few", 3, 86_400))
    window = invent_officer("window_officer")
    codes = [look(window, f"SQ2027010100000000{n:02d}").status_code for n in range(5)]
    assert codes == [404] * 3 + [429] * 2


@pytest.mark.parametrize(
    ("region", "division", "covered"),
    [
        ("420106000000", "420106", True),
        ("420106001201", "420106", True),
        ("420100000000", "420106", True),
        ("420000000000", "421003", True),
        ("421000000000", "421003", True),
        ("421000000000", "421102", False),
        ("420106000000", "420107", False),
        ("429021000000", "429021", True),
        ("420106000000", "", False),
        ("000000000000", "420106", False),
    ],
)
def test_a_region_covers_its_own_households(region, division, covered):
    assert covers(region, division) is covered


def test_who_has_no_household_here_confirms_at_a_window():
    assert acts_as({"window_officer": "420106000000"}, "") == "window_officer"
    assert acts_as({"village_agent": "420106001201"}, "") is None
    assert acts_as({}, "420106") is None


@pytest.mark.parametrize("region", ["420100000000", "420000000000", "000000000000"])
def test_nobody_is_the_agent_of_more_than_a_county(region):
    assert acts_as({"village_agent": region}, "420106") is None
    assert acts_as({"village_agent": "420106001201"}, "420106") == "village_agent"


def test_of_officers_who_confirm_at_once_one_does(live_core, population):
    holder = make_person(live_core)
    father = population.enter(somebody(BORN))
    officers = [make_officer(live_core, "window_officer") for _ in range(6)]
    with unit_of_work(live_core) as session:
        claimed = real_name.claim(father.name, father.document_number)
        until = clock.legal_today() + timedelta(days=9)
        terms = Terms("parent", ("pay",), until)
        number = services.ask_mandate(session, holder.actor, claimed, terms).number
    presented = Presented(parse_resident_id(father.document_number, clock.legal_today()), None)
    found = []

    def run(officer):
        try:
            with unit_of_work(live_core) as session:
                authorities = Authorities(population, population)
                outcome = confirming.confirm(session, authorities, officer.actor, number, presented)
            found.append("refused" if isinstance(outcome, DomainError) else "confirmed")
        except DomainError as error:
            found.append(error.code)
        except OperationalError:
            # On a busy machine one may have waited too long for its turn.
            found.append("busy")

    threads = [threading.Thread(target=run, args=(officer,)) for officer in officers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count("confirmed") == 1
    assert len(found) == 6
    with live_core.session() as session:
        acts = select(AuditRow.result).where(
            AuditRow.action == "family.confirm_mandate", AuditRow.result == "done"
        )
        assert len(session.scalars(acts).all()) == 1


def test_an_officers_look_at_a_mandate_leaves_a_row_and_a_look_in_vain_none(
    ask, look, elder, invent, invent_officer, session
):
    window = invent_officer("window_officer")
    number = ask(invent(), elder())["number"]
    assert look(window, "0" * len(number)).status_code == 404
    assert look(window, number).status_code == 200
    row = session.scalars(select(AuditRow).where(AuditRow.action == "family.look_at_mandate")).one()
    assert (row.actor_kind, row.actor_id) == ("officer", window.actor.officer_id)
    assert row.object_id is not None
