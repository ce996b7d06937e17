"""Copies of callbacks all at once, on a database that really commits."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from placed import balance, facts, place
from support import make_person
from wechat_sender import deliver

from app.connectors.world import build_world
from app.core.db import unit_of_work
from app.payments.providers.base import Message, Payment
from app.payments.settling import apply_payment
from composition import web_app

ORDERS = 20
THREADS = 8
#: WeChat comes again for a day; here a few times are enough.
PATIENCE = 20


@pytest.fixture
def live_app(live_core):
    return web_app(build_world(live_core, waiters=4))


def until_accepted(app, headers, body):
    """The statuses one copy was answered with, the last one 204."""
    statuses = []
    for _ in range(PATIENCE):
        statuses.append(deliver(app.test_client(), "medical", headers, body).status_code)
        if statuses[-1] == 204:
            break
    return statuses


def test_shuffled_parallel_copies_have_one_effect_an_order(live_core, live_app, sender):
    chance = random.Random(20)
    person = make_person(live_core)
    placed = [place(live_core, person, lines=chance.randint(1, 3)) for _ in range(ORDERS)]
    copies = []
    for each in placed:
        paid = sender.transaction(each.out_trade_no, each.amount)
        first, second = sender.notify(paid), sender.notify(paid)
        # Some copies carry the event's id, some tell the same payment as another event.
        copies += [first] + [chance.choice((first, second)) for _ in range(chance.randint(0, 7))]
    chance.shuffle(copies)
    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(lambda copy: until_accepted(live_app, *copy), copies))
    print(
        f"\ncallbacks n = {len(copies)} copies of {ORDERS} orders:"
        f" {Counter(status for each in answers for status in each)}"
    )
    assert all(each[-1] == 204 for each in answers)
    # Whoever waited too long for the order's lock was told to come back.
    assert {status for each in answers for status in each} <= {204, 503}
    for each in placed:
        found = facts(live_core, each)
        assert (found.order, found.lines, found.attempts) == ("paid", {"paid"}, ["paid"])
        assert found.payments == 1
        assert found.bookings == found.jobs == each.amount // 40_000
        assert [outcome for outcome, _ in found.events].count("applied") == 1
    total = sum(each.amount for each in placed)
    assert balance(live_core) == (ORDERS, total, total)


def test_a_callback_and_our_own_query_at_once_have_one_effect(live_core, live_app, sender):
    person = make_person(live_core)
    placed = [place(live_core, person) for _ in range(ORDERS)]

    def hear(each, paid):
        return until_accepted(live_app, *sender.notify(paid))[-1]

    def ask(each, paid):
        payment = Payment(each.out_trade_no, "paid", paid["transaction_id"], each.amount, "CNY")
        number = f"query:{paid['transaction_id']}"
        message = Message("wechatpay", "medical", number, "QUERY.SUCCESS", "{}", payment)
        with unit_of_work(live_core) as session:
            return apply_payment(session, message).outcome

    with ThreadPoolExecutor(THREADS) as threads:
        for each in placed:
            paid = sender.transaction(each.out_trade_no, each.amount)
            both = [threads.submit(act, each, paid) for act in (hear, ask)]
            assert both[0].result() == 204
            assert both[1].result() in ("applied", "repeated")
    assert all(facts(live_core, each).payments == 1 for each in placed)
    assert all(facts(live_core, each).jobs == 1 for each in placed)
    print(f"\ncallback against query n = {ORDERS}")


def test_a_lock_held_too_long_is_answered_with_failure_so_that_wechat_comes_again(
    live_core, live_app, sender
):
    placed = place(live_core, make_person(live_core))
    headers, body = sender.notify(sender.transaction(placed.out_trade_no, placed.amount))
    with unit_of_work(live_core) as session:
        session.connection().exec_driver_sql("SELECT 1 FROM orders FOR UPDATE")
        answer = deliver(live_app.test_client(), "medical", headers, body)
        assert answer.status_code == 503
        assert answer.json == {"code": "FAIL", "message": "unavailable"}
    assert facts(live_core, placed).events == []
    assert until_accepted(live_app, headers, body) == [204]
