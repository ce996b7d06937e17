"""One row that cannot be worked on keeps no other waiting."""

import dataclasses
import uuid
from datetime import timedelta

import pytest
from placed import place
from sqlalchemy import select
from support import make_person

from app.connectors.exchange import ExchangeRefused
from app.core import clock
from app.core.db import unit_of_work
from app.payments import jobs, ledger, orders
from app.payments.models import Bill, Booking, Order, OrderLine, PaymentAttempt


class Department:
    """Books every line but the first it is told of, about which it answers 500."""

    def __init__(self):
        self.told = 0

    def book(self, paid):
        self.told += 1
        if self.told == 1:
            raise ExchangeRefused("medical_insurance", "500")
        return f"JZ{uuid.uuid4().hex[:12]}"


def test_a_line_the_department_cannot_take_does_not_stop_the_others(live_core, world, monkeypatch):
    person = make_person(live_core)
    placed = [place(live_core, person) for _ in range(4)]
    with unit_of_work(live_core) as session:
        for each in placed:
            attempt = session.get_one(PaymentAttempt, each.attempt_id)
            attempt.status, attempt.transaction_id = "paid", uuid.uuid4().hex
            attempt.next_query_at = None
            session.flush()
            both_sides = {"provider:wechatpay:medical": 1, "owed:medical_insurance": -1}
            ledger.post(session, "payment", each.attempt_id, each.order_id, both_sides)
            orders.mark_paid(session, session.get_one(Order, each.order_id), each.attempt_id)
    live_world = dataclasses.replace(world, core=live_core, medical_insurance=Department())
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    jobs.book_pending.run(live_world)
    with unit_of_work(live_core) as session:
        states = sorted(session.scalars(select(Booking.status)))
    assert states == ["booked", "booked", "booked", "pending"]


@pytest.mark.parametrize("change", ["amount", "status"])
def test_a_bill_that_changed_since_is_not_paid_for(core, client, invent, session, change):
    person = invent()
    order = place(core, person)
    attempt = session.get_one(PaymentAttempt, order.attempt_id)
    attempt.status = "closed"
    line = session.scalars(select(OrderLine).where(OrderLine.order_id == order.order_id)).one()
    bill = session.get_one(Bill, line.bill_id)
    setattr(bill, change, 50_000 if change == "amount" else "paid")
    session.commit()
    wish = {"provider": "wechatpay", "channel": "h5"}
    path = f"/api/v1/orders/{order.order_id}/payments"
    answer = client.post(path, json=wish, headers=person.headers)
    assert (answer.status_code, answer.json["code"]) == (409, "bill_changed")
