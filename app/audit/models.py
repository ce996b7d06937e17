"""Audit rows, the chain that seals them, its signed heads, and what was destroyed. All append-only."""

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

#: The transaction that inserted the row. It tells the sealer which rows can no longer be joined by
#: earlier ones, however long their transactions took.
TRANSACTION = text("(pg_current_xact_id()::text)::bigint")


class AuditRow(Base):
    """One act or one read of another person's record. The application can only insert and select."""

    __tablename__ = "audit_rows"
    __table_args__ = (
        CheckConstraint("result IN ('done', 'refused')", name="result"),
        Index("ix_audit_rows_subject", "subject_id", "at"),
        Index("ix_audit_rows_actor", "actor_id", "at"),
        Index("ix_audit_rows_tx", "tx"),
        {"postgresql_partition_by": "RANGE (day)"},
    )

    #: UTC day: the partition.
    day: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    #: citizen, verifier, officer, department, system, operator (a command on the server).
    actor_kind: Mapped[str]
    #: The account that acted; null for the system.
    actor_id: Mapped[uuid.UUID | None]
    #: Closed vocabulary, `<domain>.<verb>`.
    action: Mapped[str]
    #: The person whom it concerns.
    subject_id: Mapped[uuid.UUID | None]
    #: The object touched (a scan, a bill), by id.
    object_id: Mapped[uuid.UUID | None]
    trace_id: Mapped[str | None]
    #: The venue or office in whose service the actor acted.
    unit_id: Mapped[uuid.UUID | None]
    #: The person in whose stead the actor acted.
    on_behalf_of: Mapped[uuid.UUID | None]
    #: The organisation for which the actor acted.
    organisation_id: Mapped[uuid.UUID | None]
    #: Why, as a stable code; never free text.
    reason: Mapped[str | None]
    result: Mapped[str] = mapped_column(server_default="done")
    tx: Mapped[int] = mapped_column(BigInteger, server_default=TRANSACTION)


class Seal(Base):
    """One link: the digest of one audit row, chained to all before it."""

    __tablename__ = "audit_seals"
    __table_args__ = (UniqueConstraint("row_id"),)

    #: 1, 2, 3 … without a gap.
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    row_day: Mapped[date]
    row_id: Mapped[uuid.UUID]
    #: SHA-256 of the row; stays when the row is destroyed, so that the chain can still be followed.
    row_digest: Mapped[bytes]
    #: SHA-256 of the chain before, the number and the row's digest.
    chain: Mapped[bytes]
    #: The row's transaction: where the sealer goes on.
    tx: Mapped[int] = mapped_column(BigInteger)


class Head(Base):
    """The end of the chain at a moment, signed, so that it cannot be written anew."""

    __tablename__ = "audit_heads"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    chain: Mapped[bytes]
    at: Mapped[datetime]
    kid: Mapped[str]
    #: Ed25519 over `heads.signed_text`.
    signature: Mapped[bytes]


class Destruction(Base):
    """What was destroyed because its time was over: how much, by which rule, and a digest of its ids."""

    __tablename__ = "destruction_records"
    __table_args__ = (
        Index("ix_destruction_records_day", "table_name", "day"),
        CheckConstraint("count >= 0", name="count"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    table_name: Mapped[str]
    #: The UTC day, where a whole day's partition went.
    day: Mapped[date | None]
    #: Everything older than this went; null where a day says it.
    before: Mapped[datetime | None]
    count: Mapped[int] = mapped_column(BigInteger)
    #: Hashes of the ids, joined by exclusive or: no id can be read from it.
    digest: Mapped[bytes]
    #: The rule's name in the retention table.
    rule: Mapped[str]
