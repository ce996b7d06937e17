"""Merges that can be taken back, closures that wait, phones proved by face, what is told by SMS."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Merge(Base):
    """Two accounts of one person became one (账号合并). States in `states.MERGE`."""

    __tablename__ = "account_merges"
    __table_args__ = (
        CheckConstraint("state IN ('done', 'undone', 'final')", name="state"),
        CheckConstraint("(state = 'final') = (phone_sealed IS NULL)", name="phone"),
        Index(
            "uq_account_merges_living",
            "other_id",
            unique=True,
            postgresql_where=text("state = 'done'"),
        ),
        Index("ix_account_merges_survivor", "survivor_id", "at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: The account that went on.
    survivor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    #: The account that ended.
    other_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    state: Mapped[str]
    #: The ended account's phone (E.164), until it cannot be taken back any more.
    phone_sealed: Mapped[bytes | None]
    at: Mapped[datetime]
    undo_until: Mapped[datetime] = mapped_column(index=True)
    undone_at: Mapped[datetime | None]


class MergedThing(Base):
    """Something that went to the surviving account, so that exactly this can go back."""

    __tablename__ = "account_merge_things"

    merge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account_merges.id"), primary_key=True)
    #: The table it is a row of.
    kind: Mapped[str] = mapped_column(primary_key=True)
    #: Its key there.
    key: Mapped[str] = mapped_column(primary_key=True)


class Closure(Base):
    """Somebody asked to have the account closed (注销). States in `states.CLOSURE`."""

    __tablename__ = "account_closures"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'cancelled', 'done')", name="state"),
        CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended"),
        Index(
            "uq_account_closures_waiting",
            "account_id",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_account_closures_due", "due_on", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    state: Mapped[str]
    requested_at: Mapped[datetime]
    #: The legal day (Asia/Shanghai) on which it is closed.
    due_on: Mapped[date]
    ended_at: Mapped[datetime | None]
    #: What the law demands to keep: [{zh, en, law}], as it was said.
    kept: Mapped[list[dict[str, str]]] = mapped_column(JSONB)


class FaceProof(Base):
    """Somebody with a new phone shows by face that an account is theirs. Counts once."""

    __tablename__ = "account_face_proofs"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: The session that asked; no other can finish it.
    family_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("session_families.id", ondelete="CASCADE"), index=True
    )
    #: Whom name and document name.
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("persons.id"))
    #: SHA-256 of the provider's token.
    token_digest: Mapped[bytes]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class SecurityText(Base):
    """A text message about an account to a phone that need not be its own any more."""

    __tablename__ = "security_texts"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    phone_sealed: Mapped[bytes]
    #: Key of the words in `texts.WORDS`.
    said: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
