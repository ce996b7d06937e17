"""Reading statuses and scans."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, bindparam, select, tuple_

from app.core.db import Session
from healthcode.models import HealthStatus, Scan, Venue

#: Person, colour, replaced at, valid until.
NamedStatus = tuple[uuid.UUID, str, datetime | None, datetime | None]

#: Made once: opening a code and every scan ask them.
_CURRENT = (
    select(HealthStatus)
    .where(HealthStatus.person_id == bindparam("person_id"), HealthStatus.replaced_at.is_(None))
    .execution_options(populate_existing=True)
)
_STANDING = select(
    HealthStatus.person_id, HealthStatus.colour, HealthStatus.replaced_at, HealthStatus.valid_until
).where(HealthStatus.id == bindparam("status_id"))


def current_status(session: Session, person_id: uuid.UUID) -> HealthStatus | None:
    """The person's status as it stands, or None when nothing was ever decided."""
    return session.scalars(_CURRENT, {"person_id": person_id}).one_or_none()


def standing(session: Session, status_id: uuid.UUID) -> Row[*NamedStatus] | None:
    """Whose status a code names, its colour, and since and until when: current or replaced."""
    return session.execute(_STANDING, {"status_id": status_id}).one_or_none()


def people_unanswered(session: Session, before: datetime, limit: int) -> list[uuid.UUID]:
    """People whose status has lacked the authority's answer since `before`, longest first."""
    waiting = (
        select(HealthStatus.person_id)
        .where(
            HealthStatus.replaced_at.is_(None),
            ~HealthStatus.authority_answered,
            HealthStatus.decided_at < before,
        )
        .order_by(HealthStatus.decided_at)
        .limit(limit)
    )
    return list(session.scalars(waiting))


def people_due(session: Session, now: datetime, limit: int) -> list[uuid.UUID]:
    """People whose current status is outdated, longest first."""
    due = (
        select(HealthStatus.person_id)
        .where(HealthStatus.replaced_at.is_(None), HealthStatus.valid_until <= now)
        .order_by(HealthStatus.valid_until)
        .limit(limit)
    )
    return list(session.scalars(due))


def scans_of(
    session: Session,
    person_id: uuid.UUID,
    *,
    before: tuple[datetime, uuid.UUID] | None,
    limit: int,
) -> Sequence[Row[Scan, str]]:
    """Scans of this person's codes with the venue's name, newest first, from `before` on."""
    mine = (
        select(Scan, Venue.name)
        .join(Venue, Venue.id == Scan.venue_id)
        .where(Scan.person_id == person_id)
        .order_by(Scan.at.desc(), Scan.id.desc())
        .limit(limit)
    )
    if before is not None:
        mine = mine.where(tuple_(Scan.at, Scan.id) < before)
    return session.execute(mine).all()
