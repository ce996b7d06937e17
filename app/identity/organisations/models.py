"""Organisations as the business registry has them, and who may act for them."""

import uuid
from datetime import date, datetime

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

#: What an operator can be let do.
SCOPES = ("handle_cases", "pay", "manage_operators")
#: Kind by the first two characters of the code (登记管理部门 and 机构类别).
KINDS = {
    "91": "enterprise",
    "92": "individual_business",
    "93": "cooperative",
    "11": "government",
    "12": "public_institution",
    "13": "mass_organisation",
    "51": "association",
    "52": "private_institution",
    "53": "foundation",
}


class Organisation(Base):
    """A legal person or unincorporated organisation that its legal representative brought in."""

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'revoked', 'deregistered')", name="status"),
        CheckConstraint("length(uscc) = 18", name="uscc"),
        Index("ix_organisations_representative_index", "representative_index"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: 统一社会信用代码; public.
    uscc: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    #: A value of `KINDS`, else `other`.
    kind: Mapped[str]
    #: As the registry says: active, revoked (吊销), deregistered (注销).
    status: Mapped[str]
    #: Blind index of the legal representative's document, as `persons.document_index`.
    representative_index: Mapped[bytes]
    #: Who told us name, status and representative, and when.
    source: Mapped[str]
    as_of: Mapped[datetime] = mapped_column(index=True)
    created_at: Mapped[datetime]


class Operator(Base):
    """A person the organisation lets act for it (经办人).

    Until that person accepts, it is only a claim of the organisation's: `person_id` stays empty and
    whether we know such a person is told to nobody.
    """

    __tablename__ = "organisation_operators"
    __table_args__ = (
        CheckConstraint("cardinality(scopes) > 0", name="scopes"),
        CheckConstraint(
            "status IN ('pending', 'active', 'declined', 'ended', 'expired')", name="status"
        ),
        CheckConstraint("(status = 'active') <= (person_id IS NOT NULL)", name="active_has_person"),
        CheckConstraint("person_id <> granted_by", name="not_for_oneself"),
        Index(
            "uq_organisation_operators_living",
            "organisation_id",
            "person_index",
            unique=True,
            postgresql_where=text("status IN ('pending', 'active')"),
        ),
        Index("ix_organisation_operators_person_index", "person_index"),
        Index("ix_organisation_operators_person_id", "person_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    #: Blind index of the operator's document, as `persons.document_index`.
    person_index: Mapped[bytes]
    name_sealed: Mapped[bytes]
    #: Set by acceptance.
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("persons.id"))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String))
    #: Last legal day (Asia/Shanghai) it holds.
    until: Mapped[date]
    status: Mapped[str]
    #: The person who authorised for the organisation.
    granted_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: organisation, operator or system.
    ended_by: Mapped[str | None]
