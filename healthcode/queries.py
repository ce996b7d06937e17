"""Reading statuses and scans."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, select, tuple_

from app.core.db import Session
from healthcode.models import HealthStatus, Scan, Venue


def current_status(session: Session, person_id: uuid.UUID) -> HealthStatus | None:
    """The person's status as it stands, or None when nothing was ever decided."""
    mine = select(HealthStatus).where(
        HealthStatus.person_id == person_id, HealthStatus.replaced_at.is_(None)
    )
    return session.scalars(mine.execution_options(populate_existing=True)).one_or_none()


def status(session: Session, status_id: uuid.UUID) -> HealthStatus | None:
    """The status a code names, current or replaced."""
    return session.get(HealthStatus, status_id, populate_existing=True)


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
