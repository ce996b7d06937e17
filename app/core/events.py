"""Upward news by name: an event row and its dispatch job are part of the transaction they tell of."""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, Session, unit_of_work
from app.core.ids import new_id
from app.core.jobs import Task, defer, task

DISPATCH = "core.dispatch_event"


@dataclass(frozen=True)
class Event:
    """Base of all events. Fields are ids as text, never personal data."""

    NAME: ClassVar[str]
    VERSION: ClassVar[int] = 1


class RecordedEvent(Base):
    """Something that happened, told to whoever subscribed."""

    __tablename__ = "events"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class Subscription:
    """The task `task` runs with the event's payload whenever `event` is recorded."""

    event: type[Event]
    task: Task


def record(session: Session, event: Event) -> None:
    """Record the event and defer its dispatch, both with the caller's commit."""
    row = RecordedEvent(
        id=new_id(),
        name=event.NAME,
        version=event.VERSION,
        payload=asdict(event),
        recorded_at=clock.now(),
    )
    session.add(row)
    defer(session, DISPATCH, queue="events", event_id=str(row.id))


def dispatcher(subscriptions: tuple[Subscription, ...]) -> Task:
    """The task that turns one event into one job a subscriber, in one transaction."""

    @task(DISPATCH, queue="events")
    def dispatch(world: Any, *, event_id: str) -> None:
        with unit_of_work(world.core) as session:
            row = session.get(RecordedEvent, uuid.UUID(event_id))
            if row is None:
                return
            for each in subscriptions:
                if row.name == each.event.NAME:
                    defer(session, each.task.name, queue=each.task.queue, **row.payload)

    return dispatch


def forget_before(session: Session, moment: datetime) -> int:
    """Delete events older than `moment`. Returns how many."""
    old = delete(RecordedEvent).where(RecordedEvent.recorded_at < moment)
    return session.connection().execute(old).rowcount
