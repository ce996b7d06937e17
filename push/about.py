"""What a notice is about, for whoever may open it: to anybody else it leads nowhere."""

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select, union_all

from app.core.db import Session
from app.core.types import Actor
from app.payments.models import Order, OrderLine
from push.models import Notice


def orders(session: Session, actor: Actor, notices: Sequence[Notice]) -> dict[uuid.UUID, uuid.UUID]:
    """Notice → the order it is about, where the actor is that order's payer; one statement."""
    mine = Order.payer_account_id == actor.account
    whole = select(func.concat("order:", Order.id).label("key"), Order.id).where(mine)
    line = func.concat("line:", OrderLine.id).label("key")
    lines = select(line, Order.id).join(Order, Order.id == OrderLine.order_id).where(mine)
    known = union_all(whole, lines).subquery()
    keys = {each.subject_key for each in notices if each.category == "payment"}
    found = session.execute(select(known).where(known.c.key.in_(keys)))
    by_key = {row.key: row.id for row in found}
    return {each.id: by_key[each.subject_key] for each in notices if each.subject_key in by_key}
