"""Audit rows: append-only, partitioned by UTC day."""

import uuid
from datetime import date, datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class AuditRow(Base):
    """One act or one read of another person's record. The application can only insert and select."""

    __tablename__ = "audit_rows"
    __table_args__ = (
        Index("ix_audit_rows_subject", "subject_id", "at"),
        Index("ix_audit_rows_actor", "actor_id", "at"),
        {"postgresql_partition_by": "RANGE (day)"},
    )

    #: UTC day: the partition.
    day: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    #: citizen, verifier, officer, department, system.
    actor_kind: Mapped[str]
    #: The account that acted; null for the system.
    actor_id: Mapped[uuid.UUID | None]
    #: Closed vocabulary, `<domain>.<verb>`.
    action: Mapped[str]
    #: The person whom it concerns.
    subject_id: Mapped[uuid.UUID | None]
    #: The object touched (a scan, a venue), by id.
    object_id: Mapped[uuid.UUID | None]
    trace_id: Mapped[str | None]
