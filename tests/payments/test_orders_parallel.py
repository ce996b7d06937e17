"""Many payers at once, on a database that really commits: a bill stands in one living order."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from department import Department, Payer, next_year
from sqlalchemy import func, select
from support import make_person

from app.connectors.world import build_world
from app.core.db import unit_of_work
from app.core.redis import Cache
from app.family.models import Mandate
from app.payments import orders
from app.payments.models import Order, OrderLine
from composition import web_app

THREADS = 20


@pytest.fixture
def live_department():
    return Department()


@pytest.fixture
def live_app(live_core, live_department):
    core = replace(live_core, cache=Cache(None))
    return web_app(replace(build_world(core, waiters=4), medical_insurance=live_department))


@pytest.fixture
def person(live_core, live_app):
    """Make somebody who can call: (person, payer)."""

    def make():
        made = make_person(live_core)
        return made, Payer(live_app.test_client(), made)

    return make


def at_once(count, act):
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(act, range(count)))


def fresh(live_app, someone):
    """A client of its own for each thread."""
    return Payer(live_app.test_client(), someone)


def test_twenty_payers_of_one_bill_make_one_living_line(
    live_core, live_app, live_department, person
):
    father, his = person()
    live_department.asks(father)
    (bill,) = his.bills().json["items"]
    family = [person()[0] for _ in range(THREADS)]
    give_everybody_a_mandate(live_app, father, family)
    answers = at_once(THREADS, lambda n: fresh(live_app, family[n]).order(bill["id"]))
    seen = Counter(answer.status_code for answer in answers)
    print(f"\nparallel orders for one bill n = {THREADS}: {dict(seen)}")
    # Whoever waited too long for a connection or the other's transaction was told to come back.
    assert set(seen) <= {201, 409, 503}
    assert seen[201] == 1
    codes = {answer.json["code"] for answer in answers if answer.status_code == 409}
    assert codes == {"bill_in_another_order"}
    with unit_of_work(live_core) as session:
        assert session.scalar(select(func.count()).select_from(OrderLine)) == 1
        assert session.scalar(select(func.count()).select_from(Order)) == 1


def test_one_key_pressed_twenty_times_makes_one_order(live_core, live_app, live_department, person):
    me, mine = person()
    live_department.asks(me)
    (bill,) = mine.bills().json["items"]
    answers = at_once(THREADS, lambda _: fresh(live_app, me).order(bill["id"], key="pressed"))
    seen = Counter((answer.status_code, answer.json.get("code")) for answer in answers)
    print(f"\nparallel presses of one key n = {THREADS}: {dict(seen)}")
    assert {status for status, _ in seen} <= {201, 409, 503}
    assert not any(code == "bill_in_another_order" for _, code in seen)
    made = {answer.json["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    with unit_of_work(live_core) as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 1


def test_orders_for_the_same_bills_in_any_order_do_not_lock_each_other_out(
    live_core, live_app, live_department, person
):
    me, mine = person()
    live_department.asks(me)
    live_department.asks(me, period="2026")
    bills = [each["id"] for each in mine.bills().json["items"]]
    answers = at_once(
        THREADS, lambda n: fresh(live_app, me).order(*(bills if n % 2 else bills[::-1]))
    )
    seen = Counter(answer.status_code for answer in answers)
    print(f"\ncrosswise orders n = {THREADS}: {dict(seen)}")
    assert set(seen) <= {201, 409, 503}
    assert seen[201] == 1
    with unit_of_work(live_core) as session:
        assert session.scalar(select(func.count()).select_from(OrderLine)) == 2


def test_cancelling_and_running_out_at_once_close_an_order_once(
    live_core, live_app, live_department, person
):
    me, mine = person()
    live_department.asks(me)
    (bill,) = mine.bills().json["items"]
    order_id = mine.order(bill["id"]).json["id"]
    with unit_of_work(live_core) as session:
        order = session.scalars(select(Order)).one()
        order.expires_at = order.created_at

    def end(number):
        if number % 2:
            return fresh(live_app, me).post(f"/api/v1/orders/{order_id}/cancel").json["status"]
        with unit_of_work(live_core) as session:
            return orders.close_due(session)

    answers = at_once(8, end)
    assert answers[1::2] == ["closed"] * 4
    assert sum(answers[::2]) <= 1
    with unit_of_work(live_core) as session:
        assert session.scalars(select(OrderLine.status)).all() == ["closed"]


def test_twenty_requests_for_one_mandate_leave_one(live_core, live_app, person):
    (holder, _), (father, _) = person(), person()
    body = {
        "person": {
            "name": father.name,
            "document_type": "resident_id",
            "document_number": father.document_number,
        },
        "relation": "parent",
        "scopes": ["pay"],
        "until": next_year(),
    }
    answers = at_once(
        THREADS, lambda _: fresh(live_app, holder).post("/api/v1/family/mandates", body)
    )
    seen = Counter(answer.status_code for answer in answers)
    print(f"\nparallel mandates n = {THREADS}: {dict(seen)}")
    assert set(seen) <= {201, 409, 503}
    assert seen[201] == 1
    with unit_of_work(live_core) as session:
        assert session.scalar(select(func.count()).select_from(Mandate)) == 1


def give_everybody_a_mandate(live_app, father, family):
    for holder in family:
        body = {
            "person": {
                "name": father.name,
                "document_type": "resident_id",
                "document_number": father.document_number,
            },
            "relation": "parent",
            "scopes": ["pay"],
            "until": next_year(),
        }
        asked = fresh(live_app, holder).post("/api/v1/family/mandates", body)
        accept = f"/api/v1/family/mandates/{asked.json['id']}/accept"
        assert fresh(live_app, father).post(accept).status_code == 200
