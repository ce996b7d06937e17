"""Who has no account is told by SMS that somebody paid for them, once."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, text
from stage import PHONE, Stage

from app.connectors.world import build_world
from app.core import clock
from app.core.db import unit_of_work
from app.core.events import dispatcher, record
from app.core.http import PartyUnavailable
from app.payments.events import LineSettled, OrderPaid
from push import jobs
from push.models import Notice, PushText
from push.subscriptions import subscriptions


class Gateway:
    """An SMS gateway that a test can read and silence."""

    def __init__(self):
        self.sent = []
        self.silent = False
        self.deadly = False

    def send(self, phone, template, params):
        if self.silent:
            raise PartyUnavailable("sms")
        self.sent.append((phone, template, params))
        if self.deadly:
            raise RuntimeError("the worker dies here")


@pytest.fixture
def gateway():
    return Gateway()


@pytest.fixture
def world(world, gateway):
    return replace(world, sms=gateway)


@pytest.fixture
def settled(stage):
    """A son has paid for his mother, who has no account, and the department has booked it."""
    stage.person("son")
    stage.person("mother", account=False)
    stage.bill("bill", "mother")
    stage.order("order", "son", ["bill"], "settled")
    return str(stage.lines["bill"])


def texts(core):
    with core.session() as session:
        return session.scalars(select(PushText)).all()


def send_all(core, world):
    for each in texts(core):
        jobs.send_text.run(world, text_id=str(each.id))


def test_an_insured_person_without_an_account_gets_one_text(core, world, gateway, settled, stage):
    for _ in range(2):
        jobs.tell_line_settled.run(world, line_id=settled)
    for _ in range(2):
        send_all(core, world)
    ((phone, template, params),) = gateway.sent
    assert (phone, template) == (PHONE, "2401004")
    payer, day, what, amount, reference = params
    assert payer == "测*" + stage.accounts["son"].name[-1]
    assert day.endswith("日")
    assert (what, amount, reference) == ("2026年度城乡居民基本医疗保险费", "400.00", "YB-1")
    with core.session() as session:
        assert session.scalars(select(Notice.wording)).all() == ["settled_for_other"]


def test_whoever_has_an_account_gets_no_text(core, world, stage):
    stage.person("son")
    stage.person("mother")
    stage.bill("bill", "mother")
    stage.order("order", "son", ["bill"], "settled")
    jobs.tell_line_settled.run(world, line_id=str(stage.lines["bill"]))
    assert texts(core) == []


def test_nobody_is_texted_before_the_department_has_booked_or_without_a_phone(core, world, stage):
    stage.person("son")
    stage.person("mother", account=False)
    stage.bill("open", "mother")
    stage.bill("unreachable", "mother", year="2027", phone_sealed=None)
    stage.order("order", "son", ["open"], "paid")
    stage.order("other", "son", ["unreachable"], "settled")
    for line in stage.lines.values():
        jobs.tell_line_settled.run(world, line_id=str(line))
    assert texts(core) == []


def test_a_silent_gateway_is_tried_again_by_the_sweep(core, world, gateway, settled, monkeypatch):
    gateway.silent = True
    jobs.tell_line_settled.run(world, line_id=settled)
    with pytest.raises(PartyUnavailable):
        send_all(core, world)
    jobs.send_texts_left.run(world)
    gateway.silent = False
    jobs.send_texts_left.run(world)
    assert gateway.sent == []
    later = clock.now() + timedelta(minutes=4)
    monkeypatch.setattr(clock, "now", lambda: later)
    for _ in range(2):
        jobs.send_texts_left.run(world)
    assert len(gateway.sent) == 1
    assert texts(core)[0].sent_at == later


def test_two_workers_send_a_text_once(live_core, gateway):
    stage = Stage(live_core)
    stage.person("son")
    stage.person("mother", account=False)
    stage.bill("bill", "mother")
    stage.order("order", "son", ["bill"], "settled")
    real = build_world(live_core, waiters=1)
    world = replace(real, sms=gateway)
    jobs.tell_line_settled.run(world, line_id=str(stage.lines["bill"]))
    (each,) = texts(live_core)
    threads = 6
    together = Barrier(threads)

    def send(_):
        together.wait()
        jobs.send_text.run(world, text_id=str(each.id))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(send, range(threads)))
    assert len(gateway.sent) == 1
    assert texts(live_core)[0].tries == 1
    for party in (real.sms, real.wechat, real.population, real.health_authority):
        party.close()


def test_a_worker_that_dies_over_a_text_lets_it_be_sent_again_and_not_for_ever(
    core, world, gateway, settled, monkeypatch
):
    jobs.tell_line_settled.run(world, line_id=settled)
    gateway.deadly = True
    moment, claims = clock.now(), []
    for minute in range(24 * 60):
        later = moment + timedelta(minutes=minute)
        monkeypatch.setattr(clock, "now", lambda at=later: at)
        before = len(gateway.sent)
        # Each worker dies after the gateway has the text, before that is written down.
        jobs.send_texts_left.run(world)
        claims += [minute] * (len(gateway.sent) - before)
    assert claims == [0, 1, 3, 9, 31, 117]
    assert texts(core)[0].sent_at is None


def test_a_text_that_is_a_day_old_is_no_news(core, world, gateway, settled, monkeypatch):
    jobs.tell_line_settled.run(world, line_id=settled)
    later = clock.now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    jobs.send_texts_left.run(world)
    assert gateway.sent == []


def test_the_news_of_payments_reaches_the_jobs_by_ids_alone(core, world, settled, stage):
    tasks = {each.name: each for each in jobs.tasks}
    with unit_of_work(core) as session:
        record(session, OrderPaid(str(stage.orders["order"])))
        record(session, LineSettled(settled))
        events = session.scalars(text("SELECT id::text FROM events")).all()
    for event in events:
        dispatcher(subscriptions).run(world, event_id=event)
    with core.session() as session:
        deferred = session.execute(text("SELECT task_name, args FROM procrastinate_jobs")).all()
    ours = [(name, args) for name, args in deferred if name in tasks]
    assert sorted(name for name, _ in ours) == ["push.tell_line_settled", "push.tell_order_paid"]
    for name, args in ours:
        tasks[name].run(world, **args)
    with core.session() as session:
        assert len(session.scalars(select(Notice)).all()) == 2
        rows = session.execute(text("SELECT args FROM procrastinate_jobs")).scalars().all()
    whole = json.dumps(rows, ensure_ascii=False)
    son = stage.accounts["son"]
    for secret in (son.name, son.document_number, son.phone[3:], PHONE[3:], "母亲"):
        assert secret not in whole
