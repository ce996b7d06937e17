"""Writing the audit trail."""

import uuid
from dataclasses import dataclass, replace
from typing import Literal, cast

from sqlalchemy import Table, insert
from structlog.contextvars import get_contextvars

from app.audit.models import AuditRow
from app.core import clock
from app.core.db import Session
from app.core.ids import new_id
from app.core.types import Actor

Result = Literal["done", "refused"]

#: Made once: building a statement costs more than sending it.
_INSERT = insert(cast(Table, AuditRow.__table__))


@dataclass(frozen=True)
class Act:
    """What to record: who (kind, id) did what about whom, touching which object, for whom and why."""

    action: str
    actor_kind: str
    actor_id: uuid.UUID | None = None
    subject_id: uuid.UUID | None = None
    object_id: uuid.UUID | None = None
    unit_id: uuid.UUID | None = None
    on_behalf_of: uuid.UUID | None = None
    organisation_id: uuid.UUID | None = None
    reason: str | None = None
    result: Result = "done"


def act_of(
    actor: Actor,
    action: str,
    *,
    subject_id: uuid.UUID | None = None,
    object_id: uuid.UUID | None = None,
    unit_id: uuid.UUID | None = None,
    reason: str | None = None,
    result: Result = "done",
) -> Act:
    """An act of this actor, with the person and organisation they act for, and their unit."""
    return Act(
        action,
        actor.kind,
        actor.caller,
        subject_id,
        object_id,
        unit_id or actor.unit_id,
        actor.on_behalf_of,
        actor.organisation_id,
        reason,
        result,
    )


def for_person(actor: Actor, action: str, person_id: uuid.UUID) -> Act:
    """An act in the stead of this person, by a mandate of theirs."""
    act = act_of(actor, action, subject_id=person_id, reason="mandate")
    return replace(act, on_behalf_of=person_id)


def for_organisation(act: Act, organisation_id: uuid.UUID) -> Act:
    """The same act, done for this organisation."""
    return replace(act, organisation_id=organisation_id)


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
