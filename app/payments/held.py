"""Orders that were held for a person to look, and how they go on once that person has looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from app.audit import services as audit
from app.audit.services import Act
from app.core import jobs
from app.core.db import Session
from app.core.errors import Conflict, NotFound
from app.payments import booking, orders
from app.payments.ledger import LedgerPosting
from app.payments.models import Booking, Order, OrderLine
from app.payments.states import BOOKING, ORDER, move

#: Orders listed at once.
MOST = 200


class NotHeld(Conflict):
    """The order is not held."""

    code = "order_not_held"
    zh = "该订单不在待核查状态。"
    en = "The order is not held."


class PaymentStillPossible(Conflict):
    """A payment of the order may still come; the next query of the provider ends it."""

    code = "payment_running"
    zh = "该订单仍可能收到付款，请稍后再试。"
    en = "A payment of this order may still come; try again later."


class MoneyOwed(Conflict):
    """Money came that the order could not take; it is the payer's and must go back first."""

    code = "money_owed"
    zh = "该订单收到的款项属于付款人，须先退款。"
    en = "The money that came belongs to the payer and must be returned first."


@dataclass(frozen=True)
class Held:
    """A held order as an operator sees it."""

    number: str
    because: str
    amount: int
    created_at: datetime
    paid_at: datetime | None


def list_held(session: Session) -> Sequence[Held]:
    """The oldest held orders, at most `MOST`."""
    oldest = select(Order).where(Order.status == "held").order_by(Order.created_at).limit(MOST)
    return [_shown(each) for each in session.scalars(oldest)]


def find(session: Session, number: str) -> Held | None:
    """The held order of this number, if there is one."""
    found = session.scalar(select(Order).where(Order.number == number, Order.status == "held"))
    return None if found is None else _shown(found)


def release(session: Session, number: str) -> Order:
    """Let a held order go on: paid, its departments are told again; unpaid, it closes.

    Raises `NotFound`, `NotHeld`, `PaymentStillPossible`, `MoneyOwed`.
    """
    found = session.scalar(select(Order.id).where(Order.number == number))
    if found is None:
        raise NotFound
    order = orders.locked(session, found)
    if order.status != "held":
        raise NotHeld
    if order.paid_at is None:
        _close(session, order)
    else:
        _resume(session, order)
    act = Act("payments.release_held", "system", None, order.payer_person_id, order.id)
    audit.record(session, act)
    return order


def _close(session: Session, order: Order) -> None:
    if orders.has_living_attempt(session, order.id):
        raise PaymentStillPossible
    paid = exists().where(LedgerPosting.order_id == order.id, LedgerPosting.kind == "payment")
    if session.scalar(select(paid)):
        raise MoneyOwed
    order.held_because = None
    orders.close(session, order, "release")


def _resume(session: Session, order: Order) -> None:
    order.status = move(ORDER, order.status, "resume")
    order.held_because = None
    theirs = (
        select(Booking)
        .join(OrderLine, OrderLine.id == Booking.line_id)
        .where(OrderLine.order_id == order.id, Booking.status != "booked")
        .with_for_update(of=Booking)
    )
    for each in session.scalars(theirs.execution_options(populate_existing=True)).all():
        if each.status == "refused":
            each.status, each.refused_because = move(BOOKING, each.status, "retry"), None
        jobs.defer(session, booking.TASK, queue=booking.QUEUE, line_id=str(each.line_id))
    session.flush()
    orders.settle_if_booked(session, order.id)


def _shown(order: Order) -> Held:
    because = order.held_because or ""
    return Held(order.number, because, order.amount, order.created_at, order.paid_at)
