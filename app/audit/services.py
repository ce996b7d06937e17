"""Writing the audit trail."""

import uuid
from dataclasses import dataclass

from sqlalchemy import insert
from structlog.contextvars import get_contextvars

from app.audit.models import AuditRow
from app.core import clock
from app.core.db import Session
from app.core.ids import new_id


@dataclass(frozen=True)
class Act:
    """What to record: who (kind, id) did what about whom, touching which object."""

    action: str
    actor_kind: str
    actor_id: uuid.UUID | None = None
    subject_id: uuid.UUID | None = None
    object_id: uuid.UUID | None = None


def record(session: Session, act: Act) -> None:
    """Insert one audit row in the caller's transaction."""
    at = clock.now()
    session.execute(
        insert(AuditRow).values(
            day=at.date(),
            id=new_id(),
            at=at,
            actor_kind=act.actor_kind,
            actor_id=act.actor_id,
            action=act.action,
            subject_id=act.subject_id,
            object_id=act.object_id,
            trace_id=get_contextvars().get("trace_id"),
        )
    )
