"""PostgreSQL: the declarative base, our session, and the only place that commits."""

from __future__ import annotations

import select
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from sqlalchemy import DateTime, Engine, MetaData, Uuid, create_engine, event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, registry, sessionmaker
from sqlalchemy.orm import Session as OrmSession

if TYPE_CHECKING:
    from app.core.runtime import Core

Plan = TypeVar("Plan")
Outcome = TypeVar("Outcome")
Answer = TypeVar("Answer")

#: Milliseconds (threats.md 4): one statement, one wait for a lock, one forgotten transaction.
STATEMENT_MS = 1_500
LOCK_MS = 500
IDLE_MS = 10_000
#: Seconds to wait for a free connection before the caller is told to come back.
POOL_WAIT = 0.3

#: Seconds a server may be silent beyond its own limit for a statement; one that is frozen keeps none.
GRACE = 1.0

#: A server that hangs or vanishes without a word is noticed by the network, in seconds.
KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 5_000,
}

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Parent of every table. Columns typed `datetime` are `timestamptz`."""

    metadata = MetaData(naming_convention=NAMES)
    registry = registry(
        type_annotation_map={datetime: DateTime(timezone=True), uuid.UUID: Uuid()},
        metadata=metadata,
    )


class Session(OrmSession):
    """A SQLAlchemy session that knows the core (settings, keys, freshness) it works with."""

    core: Core


class PatientConnection(psycopg.Connection[Any]):
    """Waits for the server no longer than `patience` seconds (None: for ever), then gives it up."""

    patience: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Run one exchange with the server. Raises `OperationalError`; then it is closed for good."""
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:
            # What became of the statement is unknown. Closed, the pool takes another connection.
            self.close()
            raise psycopg.OperationalError("the server did not answer in time") from None


class Database:
    """The engine and its sessions."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int,
        statement_ms: int = STATEMENT_MS,
        pool_wait: float = POOL_WAIT,
    ) -> None:
        options = (
            f"-c statement_timeout={statement_ms} -c lock_timeout={LOCK_MS}"
            f" -c idle_in_transaction_session_timeout={IDLE_MS} -c timezone=UTC"
        )
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=pool_wait,
            pool_recycle=1_800,
            hide_parameters=True,
            connect_args={"options": options, "connect_timeout": 2, **KEEPALIVE},
        )
        self._patience = statement_ms / 1_000 + GRACE
        event.listen(self.engine, "do_connect", self._connect)
        event.listen(self.engine, "checkout", _refuse_closed)
        self._sessions = sessionmaker(self.engine, class_=Session, expire_on_commit=False)

    def session(self, core: Core) -> Session:
        """A new session. It takes a connection from the pool with its first statement."""
        session = self._sessions()
        session.core = core
        return session

    def _connect(self, _: object, __: object, args: Any, facts: Any) -> PatientConnection:
        connection = PatientConnection.connect(*args, **facts)
        connection.patience = self._patience
        return connection

    def migrated_to(self) -> str | None:
        """The Alembic revision the database stands at. Raises when it cannot be reached."""
        with self.engine.connect() as connection:
            known = connection.scalar(text("SELECT to_regclass('alembic_version')"))
            if known is None:
                return None
            version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return version


def _refuse_closed(connection: Any, _: object, __: object) -> None:
    """A pooled connection with something to read was closed by the server: take another.

    An idle connection is silent; only its end (or a notice of it) makes it readable. Asking the
    socket costs no round trip, unlike a ping.
    """
    poller = select.poll()
    try:
        poller.register(connection.fileno(), select.POLLIN)
    except psycopg.Error:
        raise DisconnectionError from None
    if poller.poll(0):
        raise DisconnectionError


@contextmanager
def unit_of_work(core: Core) -> Iterator[Session]:
    """One request or one job: commits when the block ends, rolls back when it raises."""
    session = core.database.session(core)
    try:
        yield session
        if session.in_transaction():
            session.commit()
    finally:
        # Most requests that memory answers never begin anything.
        if session.identity_map or session.in_transaction():
            session.close()


def phases(
    session: Session,
    *,
    prepare: Callable[[], Plan],
    call: Callable[[Plan], Outcome],
    apply: Callable[[Plan, Outcome], Answer],
) -> Answer:
    """Use an outside party without holding a transaction: prepare | commit | call | apply.

    The caller's unit of work commits what `apply` did. When `call` raises, what `prepare` stored
    stays, so that a sweep can finish or give up the attempt.
    """
    plan = prepare()
    session.commit()
    outcome = call(plan)
    if session.in_transaction():
        raise RuntimeError("a call to an outside party ran inside a transaction")
    return apply(plan, outcome)


@contextmanager
def unhurried(session: Session) -> Iterator[None]:
    """Statements within the block may take as long as they like."""
    connection = raw_connection(session)
    patience, connection.patience = connection.patience, None
    session.execute(text("SET LOCAL statement_timeout = 0"))
    try:
        yield
    finally:
        connection.patience = patience


def raw_connection(session: Session) -> Any:
    """The psycopg connection of this session's transaction, for libraries that speak psycopg."""
    return session.connection().connection.driver_connection
