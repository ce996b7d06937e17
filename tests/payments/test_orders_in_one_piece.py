"""An order is shown as it stood at one moment, whatever is committed while it is being read."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from placed import place
from sqlalchemy import event
from support import make_person
from wechat_sender import deliver

from app.connectors.world import build_world
from composition import web_app

WAITING = ("awaiting_payment", False, {"awaiting_payment"}, ["open"])
PAID = ("paid", True, {"paid"}, ["paid"])


@pytest.fixture
def live_app(live_core):
    return web_app(build_world(live_core, waiters=4))


@contextmanager
def after_statement(core, point, act):
    """While the block runs, `act` is done between its n-th statement and the next one."""
    seen = {"statements": 0, "done": False}

    def note(*_):
        seen["statements"] += 1
        if seen["statements"] == point:
            seen["done"] = True
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(act).result()

    engine = core.database.engine
    event.listen(engine, "after_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "after_cursor_execute", note)


def state(order):
    lines = {line["status"] for line in order["lines"]}
    attempts = [attempt["status"] for attempt in order["attempts"]]
    return order["status"], order["paid_at"] is not None, lines, attempts


@pytest.mark.parametrize("listed", [False, True])
def test_an_order_paid_while_it_is_read_is_never_shown_half_paid(
    live_core, live_app, sender, listed
):
    def pay(placed):
        content = sender.transaction(placed.out_trade_no, placed.amount)
        answer = deliver(live_app.test_client(), "medical", *sender.notify(content))
        assert answer.status_code == 204

    shown = []
    while True:
        person = make_person(live_core)
        placed = place(live_core, person, lines=2)
        path = "/api/v1/orders" + ("" if listed else f"/{placed.order_id}")
        with after_statement(live_core, len(shown) + 1, lambda it=placed: pay(it)) as seen:
            answer = live_app.test_client().get(path, headers=person.headers)
        assert answer.status_code == 200, answer.json
        if not seen["done"]:
            break
        (order,) = answer.json["items"] if listed else [answer.json]
        shown.append(state(order))
    print(f"\npaid between statements, n = {len(shown)}: {[each[0] for each in shown]}")
    # Paid before what is shown was read, and after it.
    assert shown == sorted(shown, key=[PAID, WAITING].index)
    assert {each[0] for each in shown} == {"paid", "awaiting_payment"}
