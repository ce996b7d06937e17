"""What people agreed to and withdrew, and copies of their data they asked for."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ConsentEvent(Base):
    """Somebody agreed to a purpose, or withdrew. Append-only; the latest counts."""

    __tablename__ = "consent_events"
    __table_args__ = (
        CheckConstraint("act IN ('given', 'withdrawn')", name="act"),
        CheckConstraint("(account_id IS NULL) = (person_id IS NOT NULL)", name="by_whom"),
        Index("ix_consent_events_account", "account_id", "purpose", "id"),
        Index(
            *("ix_consent_events_child", "child_id", "purpose"),
            postgresql_where=text("child_id IS NOT NULL"),
        ),
        Index(
            *("ix_consent_events_person", "person_id", "purpose"),
            postgresql_where=text("person_id IS NOT NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID | None]
    #: Who says it without an account.
    person_id: Mapped[uuid.UUID | None]
    #: The child for whom a guardian says it; null for oneself.
    child_id: Mapped[uuid.UUID | None]
    purpose: Mapped[str]
    #: The version of the notice that was shown.
    notice_version: Mapped[int]
    act: Mapped[str]
    at: Mapped[datetime]
    #: How: a platform (ios, h5, …), or the act that says it (declaration).
    channel: Mapped[str]
    #: The signed-in device.
    session_id: Mapped[uuid.UUID | None]
    #: SHA-256 of the notice's file: proof of what was shown.
    evidence: Mapped[bytes]


class DataExport(Base):
    """Somebody asked for a copy of their data."""

    __tablename__ = "data_exports"
    __table_args__ = (
        CheckConstraint("state IN ('requested', 'ready', 'destroyed')", name="state"),
        CheckConstraint("(state = 'ready') = (file_id IS NOT NULL)", name="ready_has_file"),
        CheckConstraint("ticket_uses >= 0", name="ticket_uses"),
        Index("ix_data_exports_account", "account_id", "id"),
        Index("ix_data_exports_due", "expires_at", postgresql_where=text("state = 'ready'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID]
    #: As proved when it was asked for.
    person_id: Mapped[uuid.UUID | None]
    state: Mapped[str]
    requested_at: Mapped[datetime]
    file_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("files.id"))
    #: Bytes.
    size: Mapped[int | None]
    #: Until when it can be fetched.
    expires_at: Mapped[datetime | None]
    #: SHA-256 of what its owner got for proving anew who they are, and fetches it with.
    ticket_digest: Mapped[bytes | None]
    ticket_until: Mapped[datetime | None]
    #: How often it can still be used.
    ticket_uses: Mapped[int] = mapped_column(server_default="0")
