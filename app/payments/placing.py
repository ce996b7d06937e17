"""Placing an order: one payer, one or more bills, each in at most one living order."""

import secrets
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from app.core import clock, limits
from app.core.db import Session
from app.core.ids import new_id
from app.core.limits import Quota
from app.core.types import Actor
from app.payments import bills, orders
from app.payments.bills import Chosen
from app.payments.errors import BillInAnotherOrder
from app.payments.models import Bill, Order, OrderLine
from app.payments.orders import luhn

#: How long a placed order waits for its payment.
LIFE = timedelta(minutes=30)
#: Orders that nobody pays keep bills from others, so they are counted.
A_PAYER_A_DAY = Quota("orders_payer_day", 60, 86_400)


def place_order(session: Session, actor: Actor, bill_ids: Sequence[uuid.UUID]) -> Order:
    """One order for these bills, to be paid within half an hour.

    Raises `NotFound` when any of them is unknown, not payable now, or not this payer's to pay,
    `BillInAnotherOrder` and `TooManyRequests`.
    """
    chosen = bills.payable_by(session, actor, bill_ids)
    limits.consume(session, A_PAYER_A_DAY, str(actor.account))
    at = clock.now()
    order = Order(
        id=new_id(),
        number=_number(at),
        payer_account_id=actor.account,
        payer_person_id=actor.person,
        amount=sum(each.bill.amount for each in chosen),
        status="awaiting_payment",
        held_because=None,
        created_at=at,
        expires_at=at + LIFE,
        paid_at=None,
    )
    _free_overdue(session, chosen)
    _displace_lookups(session, chosen)
    session.add(order)
    session.flush()
    _take(session, order, chosen)
    return order


def _free_overdue(session: Session, chosen: Sequence[Chosen]) -> None:
    """An order whose time is over does not stand in the way of a new one, swept or not."""
    overdue = _standing(each.bill for each in chosen).where(Order.expires_at <= clock.now())
    for order_id in session.scalars(overdue).all():
        orders.close_if_free(session, order_id)


def _displace_lookups(session: Session, chosen: Sequence[Chosen]) -> None:
    """Whose bill it is, or who has a mandate, need not wait for a looker-up who is not paying."""
    closer = [each.bill for each in chosen if each.basis != "lookup"]
    if not closer:
        return
    for order_id in session.scalars(_standing(closer).where(OrderLine.basis == "lookup")).all():
        order = orders.locked(session, order_id)
        if order.status == "awaiting_payment" and not orders.has_living_attempt(session, order.id):
            orders.close(session, order, "cancel")


def _standing(of: Iterable[Bill]) -> Select[uuid.UUID]:
    """Ids of the orders in which these bills await payment."""
    return (
        select(Order.id)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(
            OrderLine.bill_id.in_([bill.id for bill in of]),
            OrderLine.status == "open",
            Order.status == "awaiting_payment",
        )
        .order_by(Order.id)
        .distinct()
    )


def _take(session: Session, order: Order, chosen: Sequence[Chosen]) -> None:
    """Make the lines. The database refuses a bill that stands in another living order.

    Always in the order of the bills' ids: two orders for the same bills wait for each other in turn,
    never crosswise.
    """
    lines = [
        OrderLine(
            id=new_id(),
            order_id=order.id,
            bill_id=each.bill.id,
            amount=each.bill.amount,
            status="open",
            basis=each.basis,
        )
        for each in chosen
    ]
    try:
        with session.begin_nested():
            session.add_all(lines)
    except IntegrityError as error:
        diagnosis = getattr(error.orig, "diag", None)
        if getattr(diagnosis, "constraint_name", None) == "uq_order_lines_bill_taken":
            raise BillInAnotherOrder from None
        raise


def _number(at: datetime) -> str:
    """HB, the legal day, ten random digits and a Luhn check digit: to be read out on the phone."""
    digits = f"{at.astimezone(clock.SHANGHAI):%Y%m%d}{secrets.randbelow(10**10):010d}"
    return f"HB{digits}{luhn(digits)}"
