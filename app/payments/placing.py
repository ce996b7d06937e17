"""Placing an order: one payer, one or more bills, each in at most one living order."""

import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from app.audit import services as audit
from app.audit.services import act_of
from app.core import clock, limits
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.limits import Quota
from app.core.types import Actor
from app.family import people, uses
from app.payments import bills, ending, orders
from app.payments.bills import Chosen
from app.payments.errors import BillInAnotherOrder
from app.payments.models import Bill, Order, OrderLine
from app.payments.orders import luhn

#: How long a placed order waits for its payment.
LIFE = timedelta(minutes=30)
#: So long a payment that somebody opened by a look-up alone keeps the bill from those it concerns.
GRACE = timedelta(minutes=5)
#: Orders that nobody pays keep bills from others, so they are counted.
A_PAYER_A_DAY = Quota("orders_payer_day", 60, 86_400)


def place_order(
    session: Session, actor: Actor, bill_ids: Sequence[uuid.UUID]
) -> Order | BillInAnotherOrder:
    """One order for these bills, to be paid within half an hour.

    Raises `NotFound` when any of them is unknown, not payable now, or not this payer's to pay,
    `BillInAnotherOrder` and `TooManyRequests`. Answers `BillInAnotherOrder` where another's payment
    is now being ended: a moment later the bill is free, or paid.
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
    if _displace_lookups(session, chosen):
        return BillInAnotherOrder()
    session.add(order)
    session.flush()
    _take(session, order, chosen)
    _note_mandates(session, actor, order, chosen)
    _note_others(session, actor, order, chosen)
    return order


def _free_overdue(session: Session, chosen: Sequence[Chosen]) -> None:
    """An order whose time is over does not stand in the way of a new one, swept or not."""
    overdue = _standing(each.bill for each in chosen).where(Order.expires_at <= clock.now())
    for order_id in session.scalars(overdue).all():
        orders.close_if_free(session, order_id)


def _displace_lookups(session: Session, chosen: Sequence[Chosen]) -> bool:
    """Whose bill it is, or who has a mandate, need not wait for a looker-up who is not paying.

    Answers whether a payment opened longer than `GRACE` ago is now asked about and ended.
    """
    closer = [each.bill for each in chosen if each.basis != "lookup"]
    if not closer:
        return False
    being_ended = False
    for order_id in session.scalars(_standing(closer).where(OrderLine.basis == "lookup")).all():
        order = orders.locked(session, order_id)
        if order.status != "awaiting_payment":
            continue
        attempt = ending.living(session, order.id)
        if attempt is None:
            orders.close(session, order, "cancel")
        elif attempt.created_at <= clock.now() - GRACE:
            order.expires_at = attempt.expires_at = attempt.next_query_at = clock.now()
            being_ended = True
    return being_ended


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


def _note_mandates(session: Session, actor: Actor, order: Order, chosen: Sequence[Chosen]) -> None:
    """Those whose bills are ordered by their mandate see it. Raises `NotFound` if one just ended."""
    mandated = {each.bill.beneficiary_index for each in chosen if each.basis == "mandate"}
    if mandated and uses.record_order(session, actor, mandated, order.id) != mandated:
        raise NotFound


def _note_others(session: Session, actor: Actor, order: Order, chosen: Sequence[Chosen]) -> None:
    """Leave an audit row for each other person the order is for, and by what right."""
    others = {each.bill.beneficiary_index: each.basis for each in chosen if each.basis != "own"}
    for index, basis in others.items():
        person = people.person_with(session, index)
        act = act_of(actor, "payments.order", subject_id=person, object_id=order.id, reason=basis)
        if basis == "mandate":
            act = replace(act, on_behalf_of=person)
        audit.record(session, act)


def _number(at: datetime) -> str:
    """HB, the legal day, ten random digits and a Luhn check digit: to be read out on the phone."""
    digits = f"{at.astimezone(clock.SHANGHAI):%Y%m%d}{secrets.randbelow(10**10):010d}"
    return f"HB{digits}{luhn(digits)}"
