"""A payment left for another way or given up: ended at the running stand-in first."""

import pytest
from at_wechat import attempt_of, cancel, paid_at_wechat, pay, states_at_wechat
from placed import facts

from app.core import clock
from app.payments import ending

pytestmark = pytest.mark.usefixtures("stubs")


def test_another_channel_closes_the_first_attempt_at_wechat_before_it_opens_its_own(
    core, client, stubs, unopened
):
    first = pay(client, *unopened).json
    second = pay(client, *unopened, "native").json
    assert second["attempt_id"] != first["attempt_id"]
    assert facts(core, unopened[1]).attempts == ["failed", "closed", "open"]
    assert states_at_wechat(stubs, first["out_trade_no"]) == ["CLOSED"]


def test_a_channel_the_payer_cannot_use_ends_nothing(client, stubs, unopened):
    first = pay(client, *unopened).json
    answer = pay(client, *unopened, "miniprogram")
    assert (answer.status_code, answer.json["code"]) == (409, "wechat_link_required")
    assert states_at_wechat(stubs, first["out_trade_no"]) == ["NOTPAY"]


def test_another_channel_waits_when_the_first_attempt_is_paid(core, client, stubs, unopened):
    first = pay(client, *unopened).json
    paid_at_wechat(stubs, first["out_trade_no"])
    answer = pay(client, *unopened, "native")
    assert (answer.status_code, answer.json["code"]) == (409, "payment_running")
    assert attempt_of(core, first["out_trade_no"]).next_query_at <= clock.now()


def test_another_channel_begun_a_moment_ago_is_not_taken_for_this_one(
    client, monkeypatch, unopened
):
    assert pay(client, *unopened).status_code == 201
    # The first began after this request had looked which attempt to leave.
    monkeypatch.setattr(ending, "leave", lambda *_: None)
    answer = pay(client, *unopened, "native")
    assert (answer.status_code, answer.json["code"]) == (409, "payment_running")


def test_cancelling_an_order_first_closes_its_open_payment_at_wechat(core, client, stubs, unopened):
    first = pay(client, *unopened).json
    answer = cancel(client, *unopened)
    assert answer.json["status"] == "closed", answer.json
    assert facts(core, unopened[1]).attempts == ["failed", "closed"]
    assert states_at_wechat(stubs, first["out_trade_no"]) == ["CLOSED"]


def test_an_order_that_wechat_says_is_paid_is_not_cancelled(core, client, stubs, unopened):
    first = pay(client, *unopened).json
    paid_at_wechat(stubs, first["out_trade_no"])
    answer = cancel(client, *unopened)
    assert (answer.status_code, answer.json["code"]) == (409, "payment_running")
    assert facts(core, unopened[1]).order == "awaiting_payment"
    assert attempt_of(core, first["out_trade_no"]).next_query_at <= clock.now()
