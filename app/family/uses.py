"""Every use of a mandate is written down with it and shown to both: X did this for Y."""

import uuid
from dataclasses import dataclass
from datetime import UTC
from typing import Literal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core import clock
from app.core.db import Session
from app.core.ids import new_id
from app.core.types import Actor
from app.family.models import Mandate, MandateUse
from app.family.queries import held_by, mandate_of

Act = Literal["bills_viewed", "order_placed", "order_paid", "code_shown", "health_declared"]

#: What was done, in words: zh, en.
WORDS: dict[str, tuple[str, str]] = {
    "bills_viewed": ("查看了账单", "looked at the bills"),
    "order_placed": ("提交了缴费订单", "placed an order to pay"),
    "order_paid": ("缴清了费用", "paid"),
    "code_shown": ("打开了健康码", "opened the health code"),
    "health_declared": ("申报了健康情况", "declared the health"),
}
#: A look is no deed: one an hour keeps the list readable.
LOOKS = ("bills_viewed", "code_shown")


@dataclass(frozen=True)
class Page:
    """Uses of one mandate, newest first, the names of both sides masked by `Shown`'s rules."""

    uses: list[MandateUse]
    holder: str
    principal: str
    more: uuid.UUID | None


def record(session: Session, mandate_id: uuid.UUID, act: Act, of: uuid.UUID | None = None) -> None:
    """Write a use down in the caller's transaction; `of` is what it was done with."""
    now = clock.now()
    row_id = new_id()
    occasion = f"{now.astimezone(UTC):%Y-%m-%dT%H}" if act in LOOKS else str(of or row_id)
    row = insert(MandateUse).values(
        id=row_id, mandate_id=mandate_id, act=act, occasion=occasion, at=now
    )
    session.execute(row.on_conflict_do_nothing(index_elements=["occasion", "act", "mandate_id"]))


def record_order(
    session: Session, actor: Actor, indexes: set[bytes], order_id: uuid.UUID
) -> set[bytes]:
    """An order is placed for these people: their mandates' use. Answers whose mandate still stands.

    Keeps the mandates from ending before the caller's commit.
    """
    given = held_by(actor, "pay").where(Mandate.principal_index.in_(indexes))
    rows = session.scalars(given.order_by(Mandate.id).with_for_update(read=True)).all()
    for mandate in rows:
        record(session, mandate.id, "order_placed", order_id)
    return {mandate.principal_index for mandate in rows}


def record_paid(session: Session, order_id: uuid.UUID) -> None:
    """An order is paid: for those by whose mandate it was placed, ended meanwhile or not."""
    placed = select(MandateUse.mandate_id).where(
        MandateUse.occasion == str(order_id), MandateUse.act == "order_placed"
    )
    for mandate_id in session.scalars(placed).all():
        record(session, mandate_id, "order_paid", order_id)


def list_uses(
    session: Session, actor: Actor, mandate_id: uuid.UUID, before: uuid.UUID | None, limit: int
) -> Page:
    """Uses of a mandate that concerns the actor. Raises `NotFound`."""
    shown = mandate_of(session, actor, mandate_id)
    found = select(MandateUse).where(MandateUse.mandate_id == mandate_id)
    if before is not None:
        found = found.where(MandateUse.id < before)
    rows = list(session.scalars(found.order_by(MandateUse.id.desc()).limit(limit + 1)))
    more = rows[limit - 1].id if len(rows) > limit else None
    return Page(rows[:limit], shown.holder_name, shown.principal_name, more)


def words(act: str, language: str) -> str:
    """What was done."""
    zh, en = WORDS[act]
    return en if language == "en" else zh
