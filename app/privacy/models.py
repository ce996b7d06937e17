"""What people agreed to and withdrew."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ConsentEvent(Base):
    """Somebody agreed to a purpose, or withdrew. Append-only; the latest counts."""

    __tablename__ = "consent_events"
    __table_args__ = (
        CheckConstraint("act IN ('given', 'withdrawn')", name="act"),
        Index("ix_consent_events_account", "account_id", "purpose", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID]
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
