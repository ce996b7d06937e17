"""Orders and receipts: a list costs the same number of statements however much is on it."""

import uuid

import pytest
from sqlalchemy import select

from app.payments import receipts
from app.payments.models import Bill, Order, OrderLine

FEW, MANY = 2, 12


@pytest.fixture
def payer_of(department, payer, invent):
    """Somebody with so many orders of two bills each: (person, ids of the orders)."""

    def make(times):
        person, ids = invent(), []
        me = payer(person)
        for number in range(times):
            for period in (f"2{number:03d}", f"3{number:03d}"):
                department.asks(person, period=period)
        by_period = {each["period"]: each["id"] for each in me.bills().json["items"]}
        assert len(by_period) == 2 * times
        for number in range(times):
            answer = me.order(by_period[f"2{number:03d}"], by_period[f"3{number:03d}"])
            assert answer.status_code == 201, answer.json
            ids.append(answer.json["id"])
        return person, ids

    return make


@pytest.fixture
def costs(client, count_sql):
    """`costs(path, person)`: (number of items, number of statements) of one call."""

    def call(path, person):
        with count_sql() as seen:
            answer = client.get(f"{path}?limit=100", headers=person.headers)
        assert answer.status_code == 200, answer.json
        return len(answer.json["items"]), len(seen)

    return call


def test_my_orders(costs, payer_of):
    found = [costs("/api/v1/orders", payer_of(times)[0]) for times in (FEW, MANY)]
    print(f"\norders: {found}")
    assert [items for items, _ in found] == [FEW, MANY]
    assert found[0][1] == found[1][1] <= 8


def test_my_receipts(costs, payer_of, session):
    found = []
    for times in (FEW, MANY):
        person, ids = payer_of(times)
        for order_id in ids:
            order = session.get_one(Order, uuid.UUID(order_id))
            lines = select(OrderLine).where(OrderLine.order_id == order.id)
            for line in session.scalars(lines).all():
                receipts.issue(session, order, line, session.get_one(Bill, line.bill_id))
        session.commit()
        found.append(costs("/api/v1/receipts", person))
    print(f"\nreceipts: {found}")
    # Each line has a receipt for the payer and one for the insured person, who is the same here.
    assert [items for items, _ in found] == [4 * FEW, 4 * MANY]
    assert found[0][1] == found[1][1] <= 5
