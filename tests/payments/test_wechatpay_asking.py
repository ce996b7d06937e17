"""Payments asked about at the running stand-in, when no callback came."""

from datetime import timedelta

import pytest
from at_wechat import attempt_of, due_now, paid_at_wechat, pay, states_at_wechat
from placed import facts, place

from app.core import clock
from app.core.http import PartyUnavailable
from app.payments import asking, jobs
from app.payments.providers.base import Message, Payment
from app.payments.providers.wechatpay import WechatPay

pytestmark = pytest.mark.usefixtures("stubs")


def test_a_payment_that_has_ended_at_wechat_is_soon_no_longer_in_the_way(
    core, world, client, monkeypatch, adapter, unopened
):
    first = pay(client, *unopened).json
    adapter.cancel("medical", first["out_trade_no"])
    later = clock.now() + timedelta(minutes=4, seconds=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    answer = pay(client, *unopened)
    assert (answer.status_code, answer.json["code"]) == (409, "payment_not_opened")
    jobs.query_attempts.run(world)
    assert facts(core, unopened[1]).attempts == ["failed", "closed"]
    assert pay(client, *unopened).json["attempt_id"] != first["attempt_id"]


@pytest.mark.parametrize(("silent", "asked"), [(False, 43), (True, 1)])
def test_one_run_asks_about_all_that_is_due_unless_nobody_answers(
    core, world, invent, monkeypatch, silent, asked
):
    person, numbers = invent(), []
    due = clock.now() - timedelta(seconds=1)
    for _ in range(2 * asking.BATCH + 3):
        place(core, person, next_query_at=due)

    def query(_, merchant_ref, number):
        numbers.append(number)
        if silent:
            raise PartyUnavailable("wechatpay")
        return Message(
            "wechatpay", merchant_ref, "query:", "QUERY", "{}", Payment(number, "unpaid")
        )

    monkeypatch.setattr(WechatPay, "query", query)
    monkeypatch.setattr(jobs, "RUN_SECONDS", 60)
    jobs.query_attempts.run(world)
    assert len(set(numbers)) == len(numbers) == asked


def test_a_payment_wechat_has_already_is_soon_asked_about(
    core, world, client, monkeypatch, stubs, unopened
):
    number = pay(client, *unopened).json["out_trade_no"]
    paid_at_wechat(stubs, number)
    later = clock.now() + timedelta(minutes=4, seconds=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    answer = pay(client, *unopened)
    assert (answer.status_code, answer.json["code"]) == (409, "payment_running")
    jobs.query_attempts.run(world)
    assert facts(core, unopened[1]).order == "paid"


def test_a_lost_callback_is_made_good_by_asking(core, world, client, stubs, unopened):
    person, placed = unopened
    number = pay(client, person, placed).json["out_trade_no"]
    due_now(core, number)
    jobs.query_attempts.run(world)
    attempt = attempt_of(core, number)
    assert (attempt.status, attempt.queries) == ("open", 1)
    assert attempt.next_query_at > clock.now() + timedelta(seconds=80)
    paid_at_wechat(stubs, number)
    due_now(core, number)
    jobs.query_attempts.run(world)
    found = facts(core, placed)
    assert (found.order, found.payments, found.jobs) == ("paid", 1, 1)
    assert attempt_of(core, number).transaction_id.startswith("4200")


def test_what_nobody_pays_is_closed_at_wechat_and_here(core, world, client, stubs, unopened):
    person, placed = unopened
    number = pay(client, person, placed).json["out_trade_no"]
    due_now(core, number, expired=True)
    jobs.query_attempts.run(world)
    found = facts(core, placed)
    assert (found.order, found.lines, found.attempts) == (
        "closed",
        {"closed"},
        ["failed", "closed"],
    )
    assert states_at_wechat(stubs, number) == ["CLOSED"]
