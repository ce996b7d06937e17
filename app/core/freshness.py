"""What changed a moment ago, known to every process within two seconds without Redis.

A domain calls `mark` in the transaction of its change. Each process reads the few recent rows once a
second and keeps them in memory, so a guard answers "revoked?" with a set look-up. When the list is
older than five seconds the caller must ask PostgreSQL itself (`stale`).
"""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal

import structlog
from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core import clock, metrics
from app.core.db import Base, Database
from app.core.errors import DomainError

Kind = Literal["session", "code", "keys"]
#: Longer than an access token lives plus the tolerated clock skew.
WINDOW = timedelta(minutes=15)
PERIOD = 1.0
STALE_AFTER = 5.0

log = structlog.get_logger()


class Mark(Base):
    """One recent change: a session revoked, a person's code changed, the key rings changed."""

    __tablename__ = "freshness"

    kind: Mapped[str] = mapped_column(primary_key=True)
    #: A random id, never personal data.
    key: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)


def mark(session: Session, kind: Kind, key: str) -> None:
    """Announce, with the caller's commit, that `key` changed."""
    row = insert(Mark).values(kind=kind, key=key, at=clock.now())
    session.execute(
        row.on_conflict_do_update(index_elements=["kind", "key"], set_={"at": row.excluded.at})
    )


def forget_old(session: Session) -> int:
    """Delete marks nobody needs any more. Returns how many."""
    old = delete(Mark).where(Mark.at < clock.now() - 2 * WINDOW)
    return session.connection().execute(old).rowcount


class Freshness:
    """This process's copy of the recent marks."""

    def __init__(self, url: str, on_keys_changed: Callable[[], None]) -> None:
        self._database = Database(url, pool_size=1)
        self._on_keys_changed = on_keys_changed
        self._marks: dict[str, frozenset[str]] = {}
        self._keys_at: datetime | None = None
        self._read_at = float("-inf")
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin reading once a second in a thread of its own."""
        self.read_once()
        self._thread = threading.Thread(target=self._run, name="freshness", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading and give the connection back."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=3)
        self._database.engine.dispose()

    @property
    def age(self) -> float:
        """Seconds since the last successful read."""
        return time.monotonic() - self._read_at

    @property
    def stale(self) -> bool:
        """True when this copy must not be relied on."""
        return self.age > STALE_AFTER

    def changed(self, kind: Kind, key: str) -> bool:
        """Whether `key` changed within the window."""
        return key in self._marks.get(kind, frozenset())

    def read_once(self) -> bool:
        """Read the marks now. Returns False when the database did not answer."""
        started, gap = time.monotonic(), self.age
        try:
            with self._database.engine.connect() as connection:
                recent = select(Mark.kind, Mark.key, Mark.at).where(Mark.at > clock.now() - WINDOW)
                self._take(connection.execute(recent).all(), long_away=gap > STALE_AFTER)
        except (SQLAlchemyError, DomainError) as error:
            age = round(min(self.age, 86_400), 1)
            log.warning("freshness_unreadable", age_seconds=age, error=type(error).__name__)
            return False
        self._read_at = started
        metrics.freshness_read_at().set_to_current_time()
        return True

    def _take(self, rows: Sequence[Row[str, str, datetime]], *, long_away: bool) -> None:
        marks: dict[str, set[str]] = {}
        keys_at: datetime | None = None
        for kind, key, at in rows:
            marks.setdefault(kind, set()).add(key)
            if kind == "keys":
                keys_at = max(at, keys_at or at)
        self._marks = {kind: frozenset(keys) for kind, keys in marks.items()}
        # After a long absence, and at the start, a change may lie outside the window.
        if long_away or keys_at != self._keys_at:
            self._on_keys_changed()
            self._keys_at = keys_at

    def _run(self) -> None:
        while not self._stop.wait(PERIOD):
            self.read_once()
