"""Tables of the health code. Ids only: no name, phone or document number stands here in clear."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class HealthDeclaration(Base):
    """What somebody declared (健康申报). Append-only."""

    __tablename__ = "health_declarations"
    __table_args__ = (Index("ix_health_declarations_person", "person_id", "declared_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID]
    #: The account that declared.
    account_id: Mapped[uuid.UUID]
    declared_at: Mapped[datetime]
    #: Temperature, symptoms, contact and area as sealed JSON: sensitive personal data.
    answers_sealed: Mapped[bytes]


class HealthEvidence(Base):
    """One state of one record of a source about a person. Append-only: a changed record is a new row."""

    __tablename__ = "health_evidence"
    __table_args__ = (UniqueConstraint("source", "record_id", "digest"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID]
    #: Who says so: `health_authority`.
    source: Mapped[str]
    #: The source's own number of the record.
    record_id: Mapped[str]
    #: The source's category; rules give it a meaning.
    category: Mapped[str]
    since: Mapped[datetime]
    #: Null while it lasts.
    until: Mapped[datetime | None]
    #: SHA-256 over person, category, since and until.
    digest: Mapped[bytes]
    received_at: Mapped[datetime]


class AuthorityAnswer(Base):
    """What the authority said when it was asked: the records that held. Append-only.

    The answer to the latest question counts, so neither an answer that was overtaken on its way nor a
    record the authority has since withdrawn can decide a colour.
    """

    __tablename__ = "health_authority_answers"
    __table_args__ = (Index("ix_health_authority_answers_person", "person_id", "asked_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID]
    asked_at: Mapped[datetime]
    #: Ids of rows in `health_evidence`; empty when nothing is known of the person.
    evidence_ids: Mapped[list[str]] = mapped_column(JSONB)


class HealthStatus(Base):
    """A decision about a person. Only `replaced_at` may ever be changed."""

    __tablename__ = "health_statuses"
    __table_args__ = (
        UniqueConstraint("person_id", "version"),
        CheckConstraint("state IN ('grey', 'active')", name="state"),
        CheckConstraint("colour IN ('green', 'yellow', 'red', 'unknown')", name="colour"),
        CheckConstraint("(state = 'active') = (colour <> 'unknown')", name="active_has_colour"),
        Index(
            "uq_health_statuses_current",
            "person_id",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index(
            "ix_health_statuses_due", "valid_until", postgresql_where=text("replaced_at IS NULL")
        ),
        Index(
            "ix_health_statuses_unanswered",
            "decided_at",
            postgresql_where=text("replaced_at IS NULL AND NOT authority_answered"),
        ),
    )

    #: The `cti` of every code that shows this status. Random, so that it tells no time.
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID]
    #: 1, 2, 3 … for each person.
    version: Mapped[int]
    #: grey (申报已收、待核验): issued but not usable; active: usable.
    state: Mapped[str]
    colour: Mapped[str]
    #: [{code, rule, since, until}], times as RFC 3339 text.
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    #: Id of the rule file that decided.
    rule_set: Mapped[str]
    #: What it rests on.
    declaration_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("health_declarations.id"))
    evidence_ids: Mapped[list[str]] = mapped_column(JSONB)
    #: Whether the authority had answered since the declaration.
    authority_answered: Mapped[bool]
    decided_at: Mapped[datetime]
    #: When the same facts decide otherwise; null if never.
    valid_until: Mapped[datetime | None]
    #: Null for the person's current status.
    replaced_at: Mapped[datetime | None]


class Venue(Base):
    """A place with a door (场所)."""

    __tablename__ = "venues"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    #: station, hospital, school, market, office, …
    kind: Mapped[str]
    #: Twelve-digit division.
    region_code: Mapped[str]
    address: Mapped[str]
    active: Mapped[bool]


class VenueStaff(Base):
    """An account that may scan at a venue."""

    __tablename__ = "venue_staff"

    #: What officers call it by. Random: the account's id would tell when the account was made, and
    #: with it whether a phone had one before it was added.
    id: Mapped[uuid.UUID] = mapped_column(unique=True, server_default=text("gen_random_uuid()"))
    venue_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("venues.id"), primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, index=True)
    since: Mapped[datetime]
    #: Null while the membership lasts.
    until: Mapped[datetime | None]


class Scan(Base):
    """One code judged at one door. Append-only, partitioned by UTC day.

    No foreign key to the venue: each insert would lock the venue's row, which a busy door shares.
    """

    __tablename__ = "scans"
    __table_args__ = (
        UniqueConstraint("day", "venue_id", "client_scan_id"),
        Index("ix_scans_person", "person_id", "at"),
        {"postgresql_partition_by": "RANGE (day)"},
    )

    #: UTC day: the partition.
    day: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    venue_id: Mapped[uuid.UUID]
    #: The account that scanned; never shown to the person scanned.
    staff_id: Mapped[uuid.UUID]
    #: Whose code it was; null when nobody was shown.
    person_id: Mapped[uuid.UUID | None]
    #: The scanner's own number of the scan, for retries.
    client_scan_id: Mapped[str | None]
    #: pass, check, refuse.
    verdict: Mapped[str]
    colour: Mapped[str]
    #: Closed vocabulary; never a health reason.
    reasons: Mapped[list[str]] = mapped_column(JSONB)
    #: What the staff should do: none, refresh, compare_id, supervisor.
    action: Mapped[str]
    #: SHA-256 of the text that was scanned.
    code_digest: Mapped[bytes]
    #: The scanner's clock: a remark, it decides nothing.
    scanned_at: Mapped[datetime | None]


class VerifierKeySet(Base):
    """A set of public keys signed by the root key. The newest is published."""

    __tablename__ = "verifier_key_sets"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: Compact JWS over {"keys", "issued_at", "next_update"}.
    signed: Mapped[str]
    issued_at: Mapped[datetime] = mapped_column(index=True)
    next_update: Mapped[datetime]
