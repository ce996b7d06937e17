"""Orders: placed by one payer for one or more bills, paid, settled, closed or held.

What moves a placed order expects its row locked (`locked`), so that callbacks, sweeps and people who
press twice come one after another.
"""

import uuid
from typing import cast

from sqlalchemy import (
    DateTime,
    Insert,
    Table,
    bindparam,
    exists,
    insert,
    literal,
    select,
    update,
)

from app.core import clock, events
from app.core.db import Session
from app.core.errors import NotFound
from app.core.types import Actor
from app.payments.errors import OrderNotOpen, PaymentRunning
from app.payments.events import OrderHeld
from app.payments.models import Bill, Booking, Order, OrderLine, PaymentAttempt
from app.payments.states import LINE, ORDER, MoveRefused, move

#: How many due orders one transaction closes.
BATCH = 500
#: An attempt in one of these states may still bring money.
LIVING_ATTEMPT = ("preparing", "open")


def owned(session: Session, actor: Actor, order_id: uuid.UUID) -> Order:
    """The actor's own order. Raises `NotFound` for an unknown or somebody else's."""
    mine = select(Order).where(Order.id == order_id, Order.payer_account_id == actor.account)
    order = session.scalar(mine)
    if order is None:
        raise NotFound
    return order


def locked(session: Session, order_id: uuid.UUID) -> Order:
    """The order as it stands now, its row locked until the transaction ends.

    Raises `NoResultFound` for an unknown id.
    """
    fresh = select(Order).where(Order.id == order_id).with_for_update()
    return session.scalars(fresh.execution_options(populate_existing=True)).one()


def cancel(session: Session, actor: Actor, order_id: uuid.UUID) -> Order:
    """The payer gives the order up, and its bills are free again. A closed one stays closed.

    Raises `NotFound`, `OrderNotOpen`, `PaymentRunning`.
    """
    order = locked(session, owned(session, actor, order_id).id)
    if order.status == "closed":
        return order
    if order.status == "awaiting_payment" and has_living_attempt(session, order.id):
        raise PaymentRunning
    try:
        close(session, order, "cancel")
    except MoveRefused:
        raise OrderNotOpen from None
    return order


def mark_paid(session: Session, order: Order, attempt_id: uuid.UUID) -> None:
    """The money of this attempt covers the order: its departments are now to be told.

    The caller holds the order's lock, has compared the amount, posts to the ledger and records the
    event. Raises `MoveRefused` unless the order awaits payment.
    """
    attempt = session.get_one(PaymentAttempt, attempt_id)
    if attempt.order_id != order.id:
        raise ValueError("the attempt pays another order")
    order.status = move(ORDER, order.status, "pay")
    order.paid_at = clock.now()
    session.flush()
    session.connection().execute(_PAY_LINES, {"its_order": order.id, "at": order.paid_at})


def hold(session: Session, order: Order, because: str) -> None:
    """Something does not fit and a person must look. The caller holds the order's lock.

    `because` is a stable code. Raises `MoveRefused` for an order that is settled or held already.
    """
    order.status = move(ORDER, order.status, "hold")
    order.held_because = because
    session.flush()
    events.record(session, OrderHeld(order_id=str(order.id)))


def settle_if_booked(session: Session, order_id: uuid.UUID) -> list[uuid.UUID]:
    """Settle the lines their departments have booked, and the order once all are.

    Answers the lines settled by this call, so that their receipts and events are made once. Locks
    the order; safe to repeat. The lines of a held order settle, the order itself stays held.
    """
    order = locked(session, order_id)
    lines = lines_of(session, order_id)
    booked = select(Booking.line_id).where(
        Booking.line_id.in_([line.id for line in lines]), Booking.status == "booked"
    )
    known = set(session.scalars(booked))
    settled = [line for line in lines if line.status == "paid" and line.id in known]
    for line in settled:
        line.status = move(LINE, line.status, "settle")
    if order.status == "paid" and all(line.status == "settled" for line in lines):
        order.status = move(ORDER, order.status, "settle")
    session.flush()
    return [line.id for line in settled]


def close_if_free(session: Session, order_id: uuid.UUID) -> bool:
    """Close the order if its time is over and no attempt of it can still bring money.

    For whoever has just closed an attempt. Locks the order; answers whether it was closed now.
    """
    order = locked(session, order_id)
    due = order.status == "awaiting_payment" and order.expires_at <= clock.now()
    if not due or has_living_attempt(session, order_id):
        return False
    close(session, order, "expire")
    return True


def close_due(session: Session) -> int:
    """Close up to `BATCH` orders whose time is over, with their lines. Answers how many.

    An order with a living attempt waits until that is closed. The first statement locks; the second
    sees what was committed before the locks were had.
    """
    living = exists().where(
        PaymentAttempt.order_id == Order.id, PaymentAttempt.status.in_(LIVING_ATTEMPT)
    )
    due = (
        select(Order.id)
        .where(Order.status == "awaiting_payment", Order.expires_at <= clock.now(), ~living)
        .order_by(Order.expires_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    held = session.scalars(due).all()
    closing = (
        update(Order)
        .where(Order.id.in_(held), Order.status == "awaiting_payment", ~living)
        .values(status=move(ORDER, "awaiting_payment", "expire"))
        .returning(Order.id)
    )
    closed = session.scalars(closing).all()
    session.execute(
        update(OrderLine)
        .where(OrderLine.order_id.in_(closed), OrderLine.status == "open")
        .values(status=move(LINE, "open", "close"))
    )
    return len(closed)


def lines_of(session: Session, order_id: uuid.UUID) -> list[OrderLine]:
    """The order's lines, always in the same order."""
    its = select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.id)
    return list(session.scalars(its.execution_options(populate_existing=True)))


def has_living_attempt(session: Session, order_id: uuid.UUID) -> bool:
    """Whether an attempt at this order may still bring money."""
    living = exists().where(
        PaymentAttempt.order_id == order_id, PaymentAttempt.status.in_(LIVING_ATTEMPT)
    )
    return bool(session.scalar(select(living)))


def close(session: Session, order: Order, by: str) -> None:
    """Close the order and its lines, whose bills are free then. The caller holds its lock.

    Raises `MoveRefused`.
    """
    order.status = move(ORDER, order.status, by)
    for line in lines_of(session, order.id):
        # Of an order that was held after it had closed, the lines are closed already.
        if line.status != "closed":
            line.status = move(LINE, line.status, "close")
    session.flush()


def _pay_lines() -> Insert:
    """The lines are paid, their bills too, and each line's booking is pending. Made once.

    The bills are locked in the order of their ids, as everywhere.
    """
    line, bill = cast(Table, OrderLine.__table__), cast(Table, Bill.__table__)
    paid = (
        update(line)
        .where(line.c.order_id == bindparam("its_order"), line.c.status == "open")
        .values(status=move(LINE, "open", "pay"))
        .returning(line.c.id, line.c.bill_id)
        .cte("paid")
    )
    theirs = select(bill.c.id).where(bill.c.id.in_(select(paid.c.bill_id)))
    in_turn = theirs.order_by(bill.c.id).with_for_update().cte("in_turn")
    bills_paid = (
        update(bill)
        .where(bill.c.id.in_(select(in_turn.c.id)))
        .values(status="paid")
        .cte("bills_paid")
    )
    pending = select(paid.c.id, literal("pending"), bindparam("at", type_=DateTime(timezone=True)))
    bookings = insert(cast(Table, Booking.__table__))
    return bookings.from_select(["line_id", "status", "created_at"], pending).add_cte(bills_paid)


_PAY_LINES = _pay_lines()


def luhn(digits: str) -> int:
    """The check digit (ISO/IEC 7812) that finds one wrong digit and most swapped neighbours."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 if place % 2 else 2)
        total += value - 9 if value > 9 else value
    return -total % 10
