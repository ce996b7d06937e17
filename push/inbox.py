"""The inbox: what an account was told, newest first, and what it has read."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, tuple_, update

from app.core import clock
from app.core.db import Session
from app.core.errors import NotFound
from app.core.types import Actor
from push.models import Delivery, Notice


@dataclass(frozen=True)
class Read:
    """When it was read first, and how many notices wait."""

    read_at: datetime
    unread: int


def page(
    session: Session,
    actor: Actor,
    *,
    before: tuple[datetime, uuid.UUID] | None,
    limit: int,
) -> Sequence[Notice]:
    """The account's notices, newest first, from `before` on."""
    mine = (
        select(Notice)
        .where(Notice.recipient_account_id == actor.account)
        .order_by(Notice.created_at.desc(), Notice.id.desc())
        .limit(limit)
    )
    if before is not None:
        mine = mine.where(tuple_(Notice.created_at, Notice.id) < before)
    return session.scalars(mine).all()


def unread(session: Session, actor: Actor) -> int:
    """How many notices wait to be read."""
    waiting = select(func.count()).where(
        Notice.recipient_account_id == actor.account, Notice.read_at.is_(None)
    )
    return session.scalar(waiting) or 0


def mark_read(session: Session, actor: Actor, notice_id: uuid.UUID) -> Read:
    """Mark one of the actor's notices as read; the first time counts. Raises `NotFound`.

    No phone rings any more for what was read.
    """
    mine = (
        update(Notice)
        .where(Notice.id == notice_id, Notice.recipient_account_id == actor.account)
        .values(read_at=func.coalesce(Notice.read_at, clock.now()))
        .returning(Notice.read_at)
    )
    read_at = session.scalar(mine)
    if read_at is None:
        raise NotFound
    session.execute(
        update(Delivery)
        .where(Delivery.notice_id == notice_id, Delivery.state == "pending")
        .values(state="dropped", last_error="read")
    )
    return Read(read_at, unread(session, actor))
