"""Daily evaluation: once, set-based, by the days of Wuhan, and never twice for anybody."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, insert, select, text
from stage import Stage, shanghai

from app.connectors.world import build_world
from app.core import clock
from app.core.db import unit_of_work
from app.core.ids import new_id
from app.identity import sessions
from app.identity.models import Account, Person
from app.identity.sessions import Device
from push import evaluating, rulebook
from push.jobs import evaluate_due
from push.models import (
    Delivery,
    Notice,
    PersonFact,
    PushDevice,
    RuleEvaluation,
    RuleProgress,
)

EXPIRY = "resident-id-expiry"
PERIOD = "resident-medical-payment-period"


DAILY = {each.id for each in rulebook.all_rules().values() if each.facts}


def rule(name):
    return rulebook.all_rules()[name, 1]


def count(core, table):
    with core.session() as session:
        return session.scalar(select(func.count()).select_from(table))


def jobs(core, name):
    with core.session() as session:
        named = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :name")
        return session.scalar(named, {"name": name})


@pytest.fixture
def live_world(live_core):
    made = build_world(live_core, waiters=1)
    yield made
    made.sms.close()
    made.wechat.close()


def crowd(core, number, expires):
    """Many people with an account, a phone and a card that ends on a day."""
    rows = {}
    with unit_of_work(core) as session:
        for _ in range(number):
            for table, row in _one_of_them(new_id(), new_id(), expires).items():
                rows.setdefault(table, []).append(row)
        for table, made in rows.items():
            session.execute(insert(table), made)


def _one_of_them(person, account, expires):
    """Their rows, in the order of their references."""
    now = clock.now()
    said = {"value": expires, "source": "湖北省公安厅", "as_of": date(2025, 1, 1)}
    born = {"sex": "2", "birth_date": date(1990, 1, 1), "household_division": "420106"}
    document = {"document_type": "resident_id", "document_index": os.urandom(32)}
    sealed = {"name_sealed": b"-", "document_sealed": b"-"}
    phone = {"phone_index": os.urandom(32), "phone_sealed": b"-"}
    token = {"token_sealed": b"-", "token_digest": os.urandom(32), "template_ids": []}
    device = {"channel": "fcm", "language": "zh", "created_at": now, "registered_at": now}
    return {
        Person: {"id": person, **document, **sealed, **born, "created_at": now},
        Account: {
            **{"id": account, "person_id": person, "level": "real_name", "created_at": now},
            **phone,
        },
        PersonFact: {
            **{"person_id": person, "fact": "resident_id_expiry", "recorded_at": now},
            **said,
        },
        PushDevice: {"id": new_id(), "account_id": account, **token, **device},
    }


def test_three_thousand_people_are_told_by_a_few_statements_for_each_thousand(
    core, world, count_sql, at
):
    at("2026-03-02T10:00")
    seen = {}
    for number, expires in ((10, date(2026, 3, 20)), (3_000, date(2026, 3, 21))):
        crowd(core, number, expires)
        with unit_of_work(core) as session:
            session.execute(text("DELETE FROM rule_evaluations"))
        with count_sql() as statements:
            evaluate_due.run(world)
        seen[number] = len(statements)
    assert count(core, Notice) == 3_010
    assert count(core, Delivery) == 3_010
    assert seen[3_000] - seen[10] <= 3 * len(DAILY) * 6
    assert jobs(core, "push.deliver_batch") == 3


def test_an_evaluation_that_died_in_the_middle_goes_on_and_tells_nobody_twice(
    core, world, at, monkeypatch
):
    at("2026-03-02T10:00")
    day = date(2026, 3, 2)
    monkeypatch.setattr(evaluating, "RANGE", 10)
    crowd(core, 35, date(2026, 3, 20))
    for _ in range(2):
        with unit_of_work(core) as session:
            evaluating.go_on(session, rule(EXPIRY), day)
    with core.session() as dying:
        assert evaluating.go_on(dying, rule(EXPIRY), day).made.notices == 10
        dying.rollback()
    assert count(core, Notice) == 20
    with core.session() as session:
        assert session.get(RuleProgress, (EXPIRY, day)).notices == 20
        assert EXPIRY in {each.id for each in evaluating.due_rules(session, day)}
    evaluate_due.run(world)
    with core.session() as session:
        assert session.get(RuleEvaluation, (EXPIRY, day)).notices == 35
        assert session.get(RuleProgress, (EXPIRY, day)) is None
        told = session.scalars(select(Notice.recipient_account_id)).all()
    assert len(told) == len(set(told)) == 35


def test_a_job_goes_on_as_a_new_one_and_later_people_are_not_forgotten(
    core, world, at, monkeypatch
):
    at("2026-03-02T10:00")
    monkeypatch.setattr(evaluating, "RANGE", 10)
    monkeypatch.setattr(evaluating, "JOB", 2)
    crowd(core, 25, date(2026, 3, 20))
    evaluate_due.run(world)
    assert count(core, Notice) == 20
    assert jobs(core, "push.evaluate_due") == 1
    crowd(core, 5, date(2026, 3, 20))
    for _ in range(2):
        evaluate_due.run(world)
    assert count(core, Notice) == 30
    runs = jobs(core, "push.evaluate_due")
    evaluate_due.run(world)
    evaluate_due.run(world)
    assert jobs(core, "push.evaluate_due") <= runs + 1
    with core.session() as session:
        assert evaluating.due_rules(session, date(2026, 3, 2)) == []


def test_a_day_is_evaluated_once_and_the_next_day_again(core, world, stage, at):
    stage.person("me")
    at("2026-03-01T10:00")
    stage.fact("me", date(2026, 3, 31))
    evaluate_due.run(world)
    with core.session() as session:
        done = session.get(RuleEvaluation, (EXPIRY, date(2026, 3, 1)))
        assert (done.notices, done.rule_version) == (1, 1)
        assert evaluating.due_rules(session, date(2026, 3, 1)) == []
    evaluate_due.run(world)
    assert count(core, RuleEvaluation) == len(DAILY)
    at("2026-03-02T10:00")
    evaluate_due.run(world)
    assert count(core, RuleEvaluation) == 2 * len(DAILY)
    assert count(core, Notice) == 1


def test_days_on_which_nothing_ran_are_made_up_for_without_a_flood(core, world, stage, at):
    stage.person("me")
    at("2025-12-30T10:00")
    stage.fact("me", date(2026, 4, 1))
    evaluate_due.run(world)
    assert count(core, Notice) == 0
    # The scheduler was dead on the ninetieth and on the thirtieth day before.
    at("2026-03-10T10:00")
    evaluate_due.run(world)
    with core.session() as session:
        assert session.scalars(select(Notice.period)).all() == ["2026-04-01/30"]


@pytest.mark.parametrize(
    ("moment", "told"), [("2026-03-01T23:59:59", 0), ("2026-03-02T00:00:00", 1)]
)
def test_the_day_begins_at_midnight_in_wuhan_not_in_greenwich(core, world, stage, at, moment, told):
    stage.person("me")
    at(moment)
    # Ninety days before is the second of March.
    stage.fact("me", date(2026, 5, 31))
    evaluate_due.run(world)
    assert count(core, Notice) == told


def test_a_bill_is_spoken_of_until_its_last_midnight(core, stage):
    stage.person("me")
    stage.bill("bill", "me", payable_until=date(2026, 2, 28))
    for day, told in ((date(2026, 3, 1), 0), (date(2026, 2, 28), 1)):
        with unit_of_work(core) as session:
            assert evaluating.evaluate(session, rule(PERIOD), day).made.notices == told


def test_a_reminder_at_night_waits_for_the_morning_and_a_payment_does_not(core, stage, at, phone):
    stage.person("me")
    phone(stage.accounts["me"], "token-night")
    now = at("2026-03-01T23:30")
    stage.fact("me", date(2026, 3, 5))
    stage.bill("bill", "me", status="paid")
    stage.order("order", "me", ["bill"], "paid")
    with unit_of_work(core) as session:
        evaluating.evaluate(session, rule(EXPIRY), date(2026, 3, 1))
        evaluating.follow(session, "payments.order_paid", {"order_id": str(stage.orders["order"])})
        due = dict(session.execute(select(Delivery.urgent, Delivery.next_try_at)).all())
    assert due == {True: now, False: shanghai("2026-03-02T08:00")}


def test_the_same_fact_makes_one_notice_however_often_it_is_evaluated_at_once(live_core):
    stage = Stage(live_core)
    for number in range(5):
        stage.person(f"p{number}")
        stage.fact(f"p{number}", date(2026, 4, 1), as_of=date(2025, 1, 1))
    threads, day = 8, date(2026, 3, 5)
    together = Barrier(threads)

    def evaluate(_):
        together.wait()
        with unit_of_work(live_core) as session:
            return evaluating.evaluate(session, rule(EXPIRY), day).made.notices

    with ThreadPoolExecutor(threads) as pool:
        made = list(pool.map(evaluate, range(threads)))
    assert sum(made) == 5
    assert count(live_core, Notice) == 5


def test_workers_that_find_the_same_day_due_share_it_and_tell_everybody_once(
    live_core, live_world, at, monkeypatch
):
    at("2026-03-02T10:00")
    monkeypatch.setattr(evaluating, "RANGE", 5)
    crowd(live_core, 43, date(2026, 3, 20))
    threads = 8
    together = Barrier(threads)

    def run(_):
        together.wait()
        evaluate_due.run(live_world)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, range(threads)))
    # Whoever found another at work left it to them.
    evaluate_due.run(live_world)
    assert count(live_core, Notice) == 43
    with live_core.session() as session:
        made = dict(session.execute(select(RuleEvaluation.rule, RuleEvaluation.notices)).all())
        assert evaluating.due_rules(session, date(2026, 3, 2)) == []
    assert made == {**dict.fromkeys(DAILY, 0), EXPIRY: 43}


def test_nobody_waits_for_the_reminders_to_sign_in(live_core, at):
    stage = Stage(live_core)
    stage.person("me")
    now = at("2026-03-02T10:00")
    stage.fact("me", date(2026, 3, 20))
    account_id = stage.accounts["me"].actor.account
    with live_core.session() as reminding, live_core.session() as signing_in:
        assert evaluating.evaluate(reminding, rule(EXPIRY), now.date()).made.notices == 1
        account = signing_in.get_one(Account, account_id)
        granted = sessions.open_session(signing_in, account, Device("d", "测试机", "ios"))
        signing_in.commit()
        reminding.commit()
    assert granted.account_id == account_id


def test_a_rule_that_fails_does_not_keep_the_others_from_being_evaluated(live_core, live_world):
    stage = Stage(live_core)
    stage.person("me")
    stage.fact("me", clock.legal_today() + timedelta(days=5))
    with live_core.session() as other:
        # Nobody else may read bills for a while, longer than a statement waits for a lock.
        other.execute(text("LOCK TABLE bills IN ACCESS EXCLUSIVE MODE"))
        evaluate_due.run(live_world)
    with live_core.session() as session:
        assert session.scalars(select(Notice.rule)).all() == [EXPIRY]
        assert PERIOD not in session.scalars(select(RuleEvaluation.rule)).all()
    evaluate_due.run(live_world)
    assert count(live_core, RuleEvaluation) == len(DAILY)


def test_notices_hold_no_name_number_or_phone(core, stage):
    stage.person("son")
    stage.person("mother", account=False)
    stage.mandate("son", "mother")
    stage.bill("bill", "mother")
    stage.fact("son", date(2025, 12, 1))
    stage.order("order", "son", ["bill"], "settled")
    with unit_of_work(core) as session:
        evaluating.evaluate(session, rule(PERIOD), date(2025, 11, 1))
        evaluating.evaluate(session, rule(EXPIRY), date(2025, 11, 25))
        for event, place in (
            ("payments.order_paid", {"order_id": str(stage.orders["order"])}),
            ("payments.line_settled", {"line_id": str(stage.lines["bill"])}),
        ):
            evaluating.follow(session, event, place)
        rows = session.scalars(text("SELECT row_to_json(n)::text FROM notices n")).all()
    son = stage.accounts["son"]
    assert len(rows) == 4
    for secret in (son.name, son.document_number, son.phone, "母亲", "42999", "1390000"):
        assert not any(secret in row for row in rows), secret


def test_ids_made_by_the_database_are_version_seven_and_grow_with_time(core, stage, at):
    stage.person("one")
    stage.person("two")
    for person, moment in (("one", "2026-03-01T10:00"), ("two", "2026-03-01T10:00:01")):
        at(moment)
        stage.fact(person, date(2026, 3, 5))
        with unit_of_work(core) as session:
            evaluating.evaluate(session, rule(EXPIRY), date(2026, 3, 1))
    with core.session() as session:
        first, second = session.scalars(select(Notice.id).order_by(Notice.created_at)).all()
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    assert first < second
    milliseconds = int(shanghai("2026-03-01T10:00").timestamp() * 1_000)
    assert first.int >> 80 == milliseconds
