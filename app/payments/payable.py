"""Whether an order can be paid at this moment."""

import uuid

from sqlalchemy import or_, select

from app.core import clock
from app.core.db import Session
from app.core.types import Actor
from app.family.queries import mandated_documents
from app.payments import orders
from app.payments.errors import BillChanged, MandateOver, OrderNotOpen
from app.payments.models import Bill, Order, OrderLine


def payable_order(session: Session, actor: Actor, order_id: uuid.UUID) -> Order:
    """The actor's order, locked, if it can be paid now and its bills are as they were.

    Raises `NotFound`, `OrderNotOpen`, `BillChanged`, and `MandateOver` when a mandate by which a bill
    was ordered has ended since.
    """
    order = orders.locked(session, orders.owned(session, actor, order_id).id)
    if order.status != "awaiting_payment" or order.expires_at <= clock.now():
        raise OrderNotOpen
    changed = (
        select(OrderLine.id)
        .join(Bill, Bill.id == OrderLine.bill_id)
        .where(
            OrderLine.order_id == order.id,
            or_(
                Bill.status != "payable",
                Bill.amount != OrderLine.amount,
                Bill.payable_until < clock.legal_today(),
            ),
        )
    )
    if session.scalar(changed.limit(1)) is not None:
        raise BillChanged
    by_mandate = (
        select(Bill.beneficiary_index)
        .join(OrderLine, OrderLine.bill_id == Bill.id)
        .where(OrderLine.order_id == order.id, OrderLine.basis == "mandate")
    )
    needed = set(session.scalars(by_mandate))
    if needed and not needed <= mandated_documents(session, actor, "pay"):
        raise MandateOver
    return order
