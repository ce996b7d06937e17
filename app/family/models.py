"""Mandates: who may do what for whom, and until when."""

import uuid
from datetime import date, datetime

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

#: What a mandate can allow.
SCOPES = ("pay", "view_code", "handle_cases")
RELATIONS = ("parent", "child", "spouse", "grandparent", "grandchild", "sibling", "other")


class Mandate(Base):
    """The holder may act for the principal, who may have no account.

    Until the principal accepts, it is only a claim of the holder's: `principal_person_id` stays empty
    and whether such a person exists is told to nobody.
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
        Index(
            "uq_mandates_living",
            "holder_person_id",
            "principal_index",
            unique=True,
            postgresql_where=text("status IN ('pending', 'active')"),
        ),
        Index("ix_mandates_principal_index", "principal_index"),
        Index("ix_mandates_principal_person_id", "principal_person_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
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
    #: holder, principal or system.
    ended_by: Mapped[str | None]
