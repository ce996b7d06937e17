"""Booking (入账): telling a line's department that it is paid, until the department acknowledges.

The call itself is made by jobs, between two of these functions; the department answers a repeated
booking with the same number, so a job that died after the call simply asks again.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import func, select

from app.connectors.medical_insurance import PaidBill
from app.core import clock, events
from app.core.db import Session
from app.payments import ledger, orders, receipts
from app.payments.events import LineSettled
from app.payments.ledger import LedgerPosting
from app.payments.models import Bill, Booking, Order, OrderLine, PaymentAttempt
from app.payments.states import BOOKING, MoveRefused, move

log = structlog.get_logger()

TASK = "payments.book_line"
QUEUE = "departments"
#: Lines one sweep takes up.
BATCH = 50
#: Why an order is held whose money may have gone back: its departments are not told before a person
#: has looked.
GIVEN_BACK = "provider_state"


@dataclass(frozen=True)
class Due:
    """A paid line and the department to be told."""

    line_id: uuid.UUID
    department: str
    paid: PaidBill


def due(session: Session, line_id: uuid.UUID) -> Due | None:
    """What is to be told about this line; None when the department has answered already.

    Nor is anything to be told while a person looks whether the money has gone back.
    """
    found = session.execute(
        select(Booking.status, OrderLine, Order, Bill)
        .join(OrderLine, OrderLine.id == Booking.line_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Bill, Bill.id == OrderLine.bill_id)
        .where(Booking.line_id == line_id)
    ).one_or_none()
    if found is None or found[0] != "pending":
        return None
    _, line, order, bill = found
    if order.paid_at is None or order.held_because == GIVEN_BACK:
        return None
    paid = PaidBill(
        number=bill.department_number,
        client_ref=str(bill.id),
        order_number=order.number,
        amount=line.amount,
        paid_at=order.paid_at,
        transaction_id=_transaction(session, order.id),
    )
    return Due(line.id, bill.department, paid)


def pending_since(session: Session, moment: datetime) -> list[uuid.UUID]:
    """Up to `BATCH` lines whose department should have answered by now.

    Any of them, not the oldest: lines that fail each time must not keep the others out for ever.
    """
    waiting = (
        select(Booking.line_id)
        .join(OrderLine, OrderLine.id == Booking.line_id)
        .join(Order, Order.id == OrderLine.order_id)
        .where(
            Booking.status == "pending",
            Booking.created_at <= moment,
            Order.held_because.is_distinct_from(GIVEN_BACK),
        )
    )
    return list(session.scalars(waiting.order_by(func.random()).limit(BATCH)))


def acknowledge(session: Session, line_id: uuid.UUID, reference: str) -> None:
    """The department has booked the line: post, settle, make receipts. Safe to repeat."""
    order, booking = _locked(session, line_id)
    if booking.status != "pending":
        return
    booking.status = move(BOOKING, booking.status, "book")
    booking.reference = reference
    booking.booked_at = clock.now()
    session.flush()
    for settled in orders.settle_if_booked(session, order.id):
        _settle(session, order, settled)


def refuse(session: Session, line_id: uuid.UUID, because: str) -> None:
    """The department will not book the line: the order is held for a person to look."""
    order, booking = _locked(session, line_id)
    if booking.status != "pending":
        return
    booking.status = move(BOOKING, booking.status, "refuse")
    booking.refused_because = because
    log.error("booking_refused", code=because)
    try:
        orders.hold(session, order, "booking_refused")
    except MoveRefused:
        # Held already, for another reason.
        session.flush()


def _locked(session: Session, line_id: uuid.UUID) -> tuple[Order, Booking]:
    """The order is locked before its booking, as everywhere."""
    line = session.get_one(OrderLine, line_id)
    order = orders.locked(session, line.order_id)
    booking = session.get_one(Booking, line_id, with_for_update=True, populate_existing=True)
    return order, booking


def _settle(session: Session, order: Order, line_id: uuid.UUID) -> None:
    line = session.get_one(OrderLine, line_id)
    bill = session.get_one(Bill, line.bill_id)
    entries = {f"owed:{bill.department}": line.amount, f"paid_over:{bill.department}": -line.amount}
    ledger.post(session, "settlement", line.id, order.id, entries)
    receipts.issue(session, order, line, bill)
    events.record(session, LineSettled(line_id=str(line.id)))


def _transaction(session: Session, order_id: uuid.UUID) -> str:
    """The provider's number of the payment that paid the order; a later double one has no say."""
    first = (
        select(PaymentAttempt.transaction_id)
        .join(LedgerPosting, LedgerPosting.reference == PaymentAttempt.id)
        .where(LedgerPosting.kind == "payment", LedgerPosting.order_id == order_id)
        .order_by(LedgerPosting.posted_at, LedgerPosting.id)
        .limit(1)
    )
    number = session.scalars(first).one()
    if number is None:
        raise LookupError("a paid attempt has no transaction")
    return number
