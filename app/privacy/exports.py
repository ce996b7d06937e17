"""An export of one's own data: asked for, built by a job, fetched by its owner, destroyed in time."""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from app.audit import services as audit
from app.audit.destroying import record_destroyed
from app.audit.services import act_of
from app.core import clock, files, limits
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.jobs import defer
from app.core.limits import Quota
from app.core.types import Actor
from app.privacy.archive import pack
from app.privacy.errors import TicketRefused
from app.privacy.models import DataExport
from app.privacy.parts import Part

BUILD_TASK = "privacy.build_export"
QUEUE = "privacy"
A_DAY = Quota("data_export_day", 3, 86_400)
#: How long it can be fetched.
LIFE = timedelta(days=7)
#: How long, and how often, a ticket fetches it: a download may break off.
TICKET_LIFE = timedelta(minutes=10)
TICKET_USES = 3
#: What is not built by then was lost by its job.
LATE = timedelta(minutes=2)
BATCH = 100


@dataclass(frozen=True)
class Opened:
    """An export that its owner may fetch, with this ticket."""

    export: DataExport
    ticket: str


def request(session: Session, actor: Actor) -> Opened:
    """Ask for an export; the caller has proved anew who they are. Raises `TooManyRequests` (3 a day)."""
    limits.consume(session, A_DAY, str(actor.account))
    row = DataExport(
        id=new_id(),
        account_id=actor.account,
        person_id=actor.person_id,
        state="requested",
        requested_at=clock.now(),
        file_id=None,
        size=None,
        expires_at=None,
    )
    session.add(row)
    audit.record(session, _act(actor, "privacy.request_export", row))
    defer(session, BUILD_TASK, queue=QUEUE, export_id=str(row.id))
    return Opened(row, _new_ticket(row))


def build(session: Session, parts: Sequence[Part], export_id: uuid.UUID) -> None:
    """Gather, pack and keep. Safe to repeat; the row stays locked until the commit."""
    row = session.get(DataExport, export_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != "requested":
        return
    sections = [
        section for part in parts for section in part.export(session, row.account_id, row.person_id)
    ]
    stored = files.store(session, pack(sections, clock.now()))
    row.file_id, row.size = stored.id, stored.size
    row.state, row.expires_at = "ready", clock.now() + LIFE
    session.flush()


def mine(session: Session, actor: Actor) -> list[DataExport]:
    """My newest exports, newest first."""
    own = select(DataExport).where(DataExport.account_id == actor.account)
    return list(session.scalars(own.order_by(DataExport.id.desc()).limit(20)))


def one(session: Session, actor: Actor, export_id: uuid.UUID) -> DataExport:
    """One of my exports. Raises `NotFound`."""
    row = session.get(DataExport, export_id)
    if row is None or row.account_id != actor.account:
        raise NotFound
    return row


def open_again(session: Session, actor: Actor, export_id: uuid.UUID) -> Opened:
    """Another ticket; the caller has proved anew who they are. The former is over. Raises `NotFound`."""
    row = one(session, actor, export_id)
    session.refresh(row, with_for_update=True)
    audit.record(session, _act(actor, "privacy.open_export", row))
    return Opened(row, _new_ticket(row))


def fetch(session: Session, actor: Actor, export_id: uuid.UUID, ticket: str | None) -> bytes:
    """The file, while it lasts; uses the ticket once. Raises `NotFound`, `TicketRefused`."""
    row = one(session, actor, export_id)
    session.refresh(row, with_for_update=True)
    if row.file_id is None or row.expires_at is None or row.expires_at <= clock.now():
        raise NotFound
    _use(row, ticket)
    audit.record(session, _act(actor, "privacy.fetch_export", row))
    return files.read(session, row.file_id)


def left(session: Session) -> list[uuid.UUID]:
    """Exports whose job was lost."""
    late = select(DataExport.id).where(
        DataExport.state == "requested", DataExport.requested_at < clock.now() - LATE
    )
    return list(session.scalars(late.order_by(DataExport.id).limit(BATCH)))


def destroy_due(session: Session) -> int:
    """Destroy up to `BATCH` exports whose time is over, and record it. Answers how many."""
    due = (
        select(DataExport)
        .where(DataExport.state == "ready", DataExport.expires_at <= clock.now())
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    gone = list(session.scalars(due))
    for row in gone:
        file_id, row.file_id, row.state = row.file_id, None, "destroyed"
        session.flush()
        if file_id is not None:
            files.remove(session, file_id)
    record_destroyed(session, DataExport.__tablename__, [row.id for row in gone], clock.now())
    session.flush()
    return len(gone)


def _new_ticket(row: DataExport) -> str:
    ticket = secrets.token_urlsafe(32)
    row.ticket_digest, row.ticket_uses = _digest(ticket), TICKET_USES
    row.ticket_until = clock.now() + TICKET_LIFE
    return ticket


def _use(row: DataExport, ticket: str | None) -> None:
    until, digest = row.ticket_until, row.ticket_digest
    if until is None or digest is None or until <= clock.now() or row.ticket_uses < 1:
        raise TicketRefused
    if not hmac.compare_digest(digest, _digest(ticket or "")):
        raise TicketRefused
    row.ticket_uses -= 1


def _digest(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()


def _act(actor: Actor, action: str, row: DataExport) -> audit.Act:
    return act_of(actor, action, subject_id=actor.person_id, object_id=row.id)
