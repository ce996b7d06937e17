"""Reading the audit trail."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import or_, select, tuple_

from app.audit.models import AuditRow
from app.core.db import Session


def acts_about(
    session: Session,
    subject_id: uuid.UUID,
    *,
    but_by: uuid.UUID,
    before: tuple[datetime, uuid.UUID] | None,
    limit: int,
) -> Sequence[AuditRow]:
    """What others than `but_by` did about this person, newest first."""
    others = or_(AuditRow.actor_id != but_by, AuditRow.actor_id.is_(None))
    found = (
        select(AuditRow)
        .where(AuditRow.subject_id == subject_id, others)
        .order_by(AuditRow.at.desc(), AuditRow.id.desc())
        .limit(limit)
    )
    if before is not None:
        found = found.where(tuple_(AuditRow.at, AuditRow.id) < before)
    return session.scalars(found).all()


@dataclass(frozen=True)
class Sought:
    """What an auditor looks for; what is left out does not matter."""

    actor_id: uuid.UUID | None = None
    subject_id: uuid.UUID | None = None
    object_id: uuid.UUID | None = None
    action: str | None = None
    since: datetime | None = None
    #: This moment is over the end.
    until: datetime | None = None


def search(
    session: Session, sought: Sought, before: tuple[datetime, uuid.UUID] | None, limit: int
) -> Sequence[AuditRow]:
    """The acts that fit, newest first."""
    found = select(AuditRow).order_by(AuditRow.at.desc(), AuditRow.id.desc()).limit(limit)
    for name in ("actor_id", "subject_id", "object_id", "action"):
        value = getattr(sought, name)
        if value is not None:
            found = found.where(getattr(AuditRow, name) == value)
    # The day as well: only the partitions that may hold such rows are read.
    if sought.since is not None:
        found = found.where(AuditRow.at >= sought.since, AuditRow.day >= _utc_day(sought.since))
    if sought.until is not None:
        found = found.where(AuditRow.at < sought.until, AuditRow.day <= _utc_day(sought.until))
    if before is not None:
        found = found.where(tuple_(AuditRow.at, AuditRow.id) < before)
    return session.scalars(found).all()


def _utc_day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
