"""Ending sessions: all of an account's, some, or the others."""

import uuid

from sqlalchemy import select

from app.core import clock, freshness
from app.core.db import Session
from app.core.types import Actor
from app.identity.models import SessionFamily


def end_all(
    session: Session,
    account_id: uuid.UUID,
    because: str = "remote",
    *,
    but: uuid.UUID | None = None,
) -> None:
    """Sign every device of the account out, except the session `but`. The caller locks the account."""
    open_ones = select(SessionFamily).where(
        SessionFamily.account_id == account_id, SessionFamily.ended_at.is_(None)
    )
    for family in session.scalars(open_ones.with_for_update()):
        if family.id != but:
            end(session, family, because)
    session.flush()


def end_devices(
    session: Session, account_id: uuid.UUID, device_ids: set[str], because: str
) -> None:
    """Sign these devices of the account out. The caller locks the account."""
    same = select(SessionFamily).where(
        SessionFamily.account_id == account_id,
        SessionFamily.device_id.in_(device_ids),
        SessionFamily.ended_at.is_(None),
    )
    for family in session.scalars(same.with_for_update()):
        end(session, family, because)


def end_others(session: Session, actor: Actor) -> None:
    """Sign all my other devices out."""
    end_all(session, actor.account, "way_in_changed", but=actor.session_id)


def end(session: Session, family: SessionFamily, because: str) -> None:
    """End one session, known everywhere within two seconds. The caller locks it."""
    family.ended_at = clock.now()
    family.ended_because = because
    freshness.mark(session, "session", str(family.id))
