"""Department systems, imports of their user files, and the users in them."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class LegacySource(Base):
    """A department's system that has users of its own."""

    __tablename__ = "legacy_sources"

    #: Chosen by the operator, e.g. wuhan-gjj.
    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]


class LegacyImport(Base):
    """One run over a file of users. A run that was killed goes on where it stopped."""

    __tablename__ = "legacy_imports"
    __table_args__ = (
        Index(
            "uq_legacy_imports_unfinished",
            "source",
            "digest",
            unique=True,
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(ForeignKey("legacy_sources.code"))
    #: SHA-256 of the file.
    digest: Mapped[bytes]
    #: Rows of the file that are stored or refused for good.
    done: Mapped[int]
    #: Of these, how many have been looked at for people we know.
    linked: Mapped[int]
    created: Mapped[int]
    updated: Mapped[int]
    unchanged: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class LegacyConflict(Base):
    """A row of a file that was not taken, and why; nothing of what it says."""

    __tablename__ = "legacy_conflicts"

    import_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legacy_imports.id"), primary_key=True)
    #: 1 is the first row after the header.
    row: Mapped[int] = mapped_column(primary_key=True)
    #: As in `reading.REASONS`.
    reason: Mapped[str]


class LegacyUser(Base):
    """Somebody with a user's name in a department's system. Says nothing of an account here."""

    __tablename__ = "legacy_users"
    __table_args__ = (
        UniqueConstraint("source", "external_index"),
        UniqueConstraint("document_index", "source"),
        CheckConstraint("(linked_account_id IS NULL) = (linked_at IS NULL)", name="linked"),
        CheckConstraint("unlinked_at IS NULL OR linked_at IS NOT NULL", name="unlinked"),
        Index("ix_legacy_users_import", "import_id", "row"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(ForeignKey("legacy_sources.code"))
    #: Blind index of the source and the name there, which may be a phone or a document's number.
    external_index: Mapped[bytes]
    external_sealed: Mapped[bytes]
    name_sealed: Mapped[bytes]
    document_type: Mapped[str]
    #: As `persons.document_index`.
    document_index: Mapped[bytes]
    document_sealed: Mapped[bytes]
    #: E.164. Nobody is found by it, so it has no index.
    phone_sealed: Mapped[bytes | None]
    registered_at: Mapped[datetime | None]
    #: Keyed digest of the whole row, to see whether it changed.
    content_index: Mapped[bytes]
    #: The run that last met it, and where.
    import_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legacy_imports.id"))
    row: Mapped[int]
    #: The account whose real name this is; stays when its owner unlinks.
    linked_account_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("accounts.id"), index=True
    )
    linked_at: Mapped[datetime | None]
    #: Its owner does not want the link; no import brings it back.
    unlinked_at: Mapped[datetime | None]
