"""Writing the audit trail."""

import uuid
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, insert
from structlog.contextvars import get_contextvars

from app.audit.models import AuditRow
from app.core import clock
from app.core.db import Session
from app.core.ids import new_id

#: Made once: building a statement costs more than sending it.
_INSERT = insert(cast(Table, AuditRow.__table__))


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
    row = {
        **vars(act),
        "day": at.date(),
        "id": new_id(),
        "at": at,
        "trace_id": get_contextvars().get("trace_id"),
    }
    session.connection().execute(_INSERT, row)
