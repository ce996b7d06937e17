"""Face checks under way."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class FaceChallenge(Base):
    """One check, for one session, counted once."""

    __tablename__ = "face_challenges"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: It raises the level of this session and no other.
    family_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("session_families.id", ondelete="CASCADE"), index=True
    )
    #: SHA-256 of the provider's token: the result must be of the check we opened.
    token_digest: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
