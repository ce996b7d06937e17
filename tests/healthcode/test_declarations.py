"""Declaring, the authority's answer, and the one current status."""

from datetime import timedelta

import pytest
from health_support import HEALTHY
from sqlalchemy import func, select, text

from app.connectors.exchange import HealthRecord
from app.core import clock
from app.core.ids import new_id
from app.identity.models import Person
from healthcode import jobs
from healthcode.models import AuthorityAnswer, HealthDeclaration, HealthEvidence, HealthStatus


def codes(answer):
    return [reason["code"] for reason in answer["reasons"]]


def statuses(session, person):
    mine = select(HealthStatus).where(HealthStatus.person_id == person.actor.person_id)
    return list(session.scalars(mine.order_by(HealthStatus.version)))


def later(monkeypatch, **by):
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(**by))


def test_a_red_category_turns_the_code_red_with_its_reason(declare, authority, invent):
    person = invent()
    record = authority.says(person, "06", until=clock.now() + timedelta(days=7))
    answer = declare(person)
    assert (answer["state"], answer["colour"]) == ("active", "red")
    (reason,) = answer["reasons"]
    assert reason["code"] == "central_quarantine"
    assert reason["text"] == "正在集中隔离医学观察。"
    assert reason["rule"] == "authority-06-central-quarantine"
    assert reason["until"] == record.until.isoformat()


def test_reasons_come_in_the_readers_language(declare, open_code, authority, invent):
    person = invent()
    authority.says(person, "06")
    declare(person)
    opened = open_code(person, **{"Accept-Language": "en"})
    assert opened["reasons"][0]["text"] == "You are in central quarantine."


def test_a_silent_authority_leaves_grey_and_a_job_that_asks_again(
    declare, open_code, authority, session, invent
):
    person = invent()
    authority.silent = True
    answer = declare(person)
    assert (answer["state"], answer["colour"], answer["code"]) == ("grey", "unknown", None)
    assert codes(answer) == ["authority_pending"]
    assert open_code(person)["state"] == "grey"
    job = text("SELECT args, queue_name FROM procrastinate_jobs WHERE task_name = :name")
    (found,) = session.execute(job, {"name": "healthcode.ask_authority"}).all()
    assert found.args == {"person_id": str(person.actor.person_id)}
    assert found.queue_name == "authority"


def test_grey_becomes_active_when_the_authority_answers_the_job(
    declare, open_code, authority, world, invent
):
    person = invent()
    authority.silent = True
    declare(person)
    authority.silent = False
    jobs.ask_authority.run(world, person_id=str(person.actor.person_id))
    opened = open_code(person)
    assert (opened["state"], opened["colour"]) == ("active", "green")


def test_the_sweep_asks_for_those_whose_job_gave_up(
    declare, open_code, authority, world, invent, monkeypatch
):
    people = [invent() for _ in range(3)]
    authority.silent = True
    for person in people:
        declare(person)
    authority.silent = False
    asked = authority.asked
    jobs.ask_unanswered.run(world)
    assert authority.asked == asked, "their jobs are still trying"
    later(monkeypatch, minutes=4)
    jobs.ask_unanswered.run(world)
    assert authority.asked == asked + 3
    jobs.ask_unanswered.run(world)
    assert authority.asked == asked + 3
    monkeypatch.undo()
    assert all(open_code(person)["colour"] == "green" for person in people)


def test_an_authority_that_stays_silent_is_asked_once_a_run(
    declare, authority, world, invent, monkeypatch
):
    authority.silent = True
    for _ in range(3):
        declare(invent())
    asked = authority.asked
    later(monkeypatch, minutes=4)
    jobs.ask_unanswered.run(world)
    assert authority.asked == asked + 1


def test_the_sweep_passes_over_somebody_it_cannot_ask_about(
    declare, open_code, authority, session, world, invent, monkeypatch
):
    broken, sound = invent(), invent()
    authority.silent = True
    declare(broken)
    declare(sound)
    authority.silent = False
    session.get(Person, broken.actor.person_id).document_sealed = b"not ours"
    session.commit()
    later(monkeypatch, minutes=4)
    jobs.ask_unanswered.run(world)
    monkeypatch.undo()
    assert open_code(broken)["state"] == "grey"
    assert open_code(sound)["colour"] == "green"


def test_an_answer_from_before_the_declaration_is_not_its_answer(
    declare, open_code, authority, invent
):
    person = invent()
    assert declare(person)["colour"] == "green"
    authority.silent = True
    assert declare(person)["state"] == "grey"
    assert open_code(person)["code"] is None


def test_a_known_red_stays_red_while_the_authority_is_silent(declare, authority, invent):
    person = invent()
    authority.says(person, "01")
    declare(person)
    authority.silent = True
    assert declare(person)["colour"] == "red"


def test_declaring_again_replaces_the_status(declare, session, invent):
    person = invent()
    assert declare(person, temperature_c=38.1)["colour"] == "yellow"
    assert declare(person)["colour"] == "green"
    made = statuses(session, person)
    assert [status.version for status in made] == list(range(1, len(made) + 1))
    assert [status.replaced_at is None for status in made] == [False] * (len(made) - 1) + [True]
    assert len({status.declaration_id for status in made}) == 2


def test_a_record_the_authority_withdraws_counts_no_more(declare, authority, invent):
    person = invent()
    authority.says(person, "01")
    assert declare(person)["colour"] == "red"
    authority.known.clear()
    assert declare(person)["colour"] == "green"


def test_a_record_that_comes_back_as_it_was_counts_again(declare, authority, session, invent):
    person = invent()
    authority.says(person, "01")
    known = dict(authority.known)
    declare(person)
    authority.known.clear()
    declare(person)
    authority.known.update(known)
    assert declare(person)["colour"] == "red"
    mine = HealthEvidence.person_id == person.actor.person_id
    assert session.scalar(select(func.count()).where(mine)) == 1


def test_a_record_that_ends_is_new_evidence(declare, authority, session, invent):
    person = invent()
    record = authority.says(person, "01", since=clock.now() - timedelta(days=9))
    declare(person)
    ended = HealthRecord(record.record_id, "01", record.since, clock.now() - timedelta(hours=1))
    authority.known[person.document_number] = [ended]
    assert declare(person)["colour"] == "green"
    mine = HealthEvidence.person_id == person.actor.person_id
    assert session.scalar(select(func.count()).where(mine)) == 2


def test_the_same_answer_again_makes_no_new_status(declare, authority, session, world, invent):
    person = invent()
    authority.says(person, "07")
    declare(person)
    before = [status.id for status in statuses(session, person)]
    jobs.ask_authority.run(world, person_id=str(person.actor.person_id))
    jobs.ask_authority.run(world, person_id=str(person.actor.person_id))
    assert [status.id for status in statuses(session, person)] == before


def test_an_answer_that_was_overtaken_does_not_count(declare, authority, session, world, invent):
    person = invent()
    authority.says(person, "01")
    declare(person)
    session.add(
        AuthorityAnswer(
            id=new_id(),
            person_id=person.actor.person_id,
            asked_at=clock.now() - timedelta(seconds=30),
            evidence_ids=[],
        )
    )
    session.commit()
    jobs.decide(session, person.actor.person_id)
    assert statuses(session, person)[-1].colour == "red"


def test_a_status_names_what_it_rests_on(declare, authority, session, invent):
    person = invent()
    authority.says(person, "07")
    declare(person)
    status = statuses(session, person)[-1]
    evidence = session.scalars(select(HealthEvidence).where(HealthEvidence.category == "07")).one()
    assert status.evidence_ids == [str(evidence.id)]
    assert session.get(HealthDeclaration, status.declaration_id) is not None
    assert status.rule_set == "hubei-2021-08-18"
    assert status.authority_answered


def test_an_expired_declaration_turns_yellow_by_the_sweep(
    declare, authority, session, world, invent, monkeypatch
):
    person = invent()
    declare(person)
    later(monkeypatch, days=14)
    jobs.reevaluate_due.run(world)
    session.expire_all()
    assert statuses(session, person)[-1].colour == "yellow"
    made = len(statuses(session, person))
    jobs.reevaluate_due.run(world)
    assert len(statuses(session, person)) == made, "nothing is due twice"


def test_opening_decides_anew_when_the_time_has_come(
    declare, open_code, authority, invent, monkeypatch
):
    person = invent()
    authority.says(person, "06", until=clock.now() + timedelta(seconds=50))
    assert declare(person)["colour"] == "red"
    assert open_code(person)["colour"] == "red"
    later(monkeypatch, seconds=51)
    assert open_code(person)["colour"] == "green"


def test_one_unreadable_row_does_not_keep_the_others_waiting(
    declare, session, world, invent, monkeypatch
):
    broken, sound = invent(), invent()
    declare(broken)
    declare(sound)
    session.add(
        HealthDeclaration(
            id=broken.actor.account,
            person_id=broken.actor.person_id,
            account_id=broken.actor.account,
            declared_at=clock.now(),
            answers_sealed=b"not ours",
        )
    )
    session.commit()
    later(monkeypatch, days=14)
    jobs.reevaluate_due.run(world)
    session.expire_all()
    assert statuses(session, sound)[-1].colour == "yellow"
    assert statuses(session, broken)[-1].colour == "green"


@pytest.mark.parametrize(
    "change",
    [
        {"temperature_c": 20},
        {"temperature_c": "hot"},
        {"symptoms": ["possessed"]},
        {"symptoms": None},
        {"contact": "perhaps"},
        {"risk_area": ""},
        {"confirmed_true": False},
        {"confirmed_true": None},
        {"colour": "green"},
    ],
)
def test_a_declaration_that_makes_no_sense_is_422_and_stores_nothing(
    client, session, invent, change
):
    person = invent()
    answer = client.put(
        "/api/v1/health-code/declaration", json={**HEALTHY, **change}, headers=person.headers
    )
    assert answer.status_code == 422
    assert answer.json["code"] == "invalid_input"
    assert statuses(session, person) == []
