"""Mandates: who may do what for whom, until when, and what was done by them."""

import uuid
from datetime import date, datetime

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

#: What a mandate can allow.
SCOPES = ("pay", "view_code", "handle_cases")
#: What a guardian may do besides.
GUARDIANS_SCOPES = (*SCOPES, "declare_code")
#: How a mandate became good: by the principal's account or face, before an officer, by the register.
CONFIRMED = ("account", "face", "window", "village_agent", "register")
RELATIONS = ("parent", "child", "spouse", "grandparent", "grandchild", "sibling", "other")


class Mandate(Base):
    """The holder may act for the principal, who may have no account.

    Until the principal accepts, it is only a claim of the holder's: `principal_person_id` stays empty
    and whether such a person exists is told to nobody. A guardianship (监护) is a mandate that the
    register of households confirms instead.
    """

    __tablename__ = "mandates"
    __table_args__ = (
        CheckConstraint("cardinality(scopes) > 0", name="scopes"),
        CheckConstraint(
            "status IN ('pending', 'active', 'declined', 'revoked', 'expired')", name="status"
        ),
        CheckConstraint(
            "(status = 'active') <= (principal_person_id IS NOT NULL)", name="active_needs_person"
        ),
        CheckConstraint("principal_person_id <> holder_person_id", name="not_for_oneself"),
        CheckConstraint("guardian_as IN ('father', 'mother', 'guardian')", name="guardian_as"),
        CheckConstraint(
            "confirmed_how IN ('account', 'face', 'window', 'village_agent', 'register')",
            name="confirmed_how",
        ),
        CheckConstraint(
            "(confirmed_how IN ('window', 'village_agent')) = (confirmed_by IS NOT NULL)",
            name="confirmed_by",
        ),
        CheckConstraint("ended_how IN ('window', 'village_agent')", name="ended_how"),
        CheckConstraint("(ended_how IS NULL) = (ended_before IS NULL)", name="ended_before"),
        CheckConstraint(
            "(confirmed_how = 'face') = (face_check_id IS NOT NULL)", name="face_check_id"
        ),
        CheckConstraint(
            "guardian_as IS NOT NULL OR NOT 'declare_code' = ANY (scopes)", name="guardians_scope"
        ),
        Index(
            "uq_mandates_living",
            "holder_person_id",
            "principal_index",
            unique=True,
            postgresql_where=text("status IN ('pending', 'active')"),
        ),
        Index("ix_mandates_principal_index", "principal_index"),
        Index(
            "ix_mandates_guardianships",
            "checked_at",
            postgresql_where=text("guardian_as IS NOT NULL AND status = 'active'"),
        ),
        Index("ix_mandates_principal_person_id", "principal_person_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: To be read out at a window: SQ, the legal day, ten random digits.
    number: Mapped[str] = mapped_column(unique=True)
    holder_account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    holder_person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("persons.id"))
    #: Blind index of the principal's document, as `persons.document_index`.
    principal_index: Mapped[bytes]
    principal_document_type: Mapped[str]
    principal_name_sealed: Mapped[bytes]
    principal_document_sealed: Mapped[bytes]
    #: Set by acceptance.
    principal_person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("persons.id"))
    #: What the principal is to the holder.
    relation: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String))
    #: Last legal day (Asia/Shanghai) it holds.
    until: Mapped[date]
    status: Mapped[str]
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: holder, principal, register or system.
    ended_by: Mapped[str | None]
    #: Where the principal ended it before an officer, as `confirmed_how`; null for every other end.
    ended_how: Mapped[str | None]
    #: That officer.
    ended_before: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
    #: What the holder is to a child they are the guardian of; null for every other mandate.
    guardian_as: Mapped[str | None]
    #: When the register last said so.
    checked_at: Mapped[datetime | None]
    confirmed_how: Mapped[str | None]
    #: The officer before whom the principal confirmed.
    confirmed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
    #: The check of the principal's face, under the name by which the provider knows it too.
    face_check_id: Mapped[uuid.UUID | None]
    #: Where a principal without an account wants to be told, as they said at the window.
    phone_sealed: Mapped[bytes | None]


class FaceLink(Base):
    """A way for the principal, who has no account, to confirm one mandate by face, on any device."""

    __tablename__ = "mandate_face_links"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    mandate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("mandates.id"), index=True)
    #: SHA-256 of what only the link says.
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    #: When the mandate was answered by it.
    used_at: Mapped[datetime | None]


class MandateFaceCheck(Base):
    """One check of the principal's face, counted once."""

    __tablename__ = "mandate_face_checks"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    link_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("mandate_face_links.id", ondelete="CASCADE"), index=True
    )
    #: Whose face it must be.
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("persons.id"), index=True)
    #: SHA-256 of the provider's token: the result must be of the check we opened.
    token_digest: Mapped[bytes]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class MandateUse(Base):
    """What a holder did for a principal. Append-only; both of them see it."""

    __tablename__ = "mandate_uses"
    __table_args__ = (UniqueConstraint("occasion", "act", "mandate_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    mandate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("mandates.id"), index=True)
    #: One of `uses.WORDS`.
    act: Mapped[str]
    #: The hour of a look, or the id of what was done: the same is recorded once.
    occasion: Mapped[str]
    at: Mapped[datetime]
