"""Persons, accounts, ways in and sessions. An account is not a person: many people have none."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Person(Base):
    """A natural person (自然人), known by document."""

    __tablename__ = "persons"
    __table_args__ = (
        UniqueConstraint("document_index"),
        CheckConstraint("sex IN ('0', '1', '2', '9')", name="sex"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: One of `documents.DOCUMENT_TYPES`.
    document_type: Mapped[str]
    #: Blind index of kind and number of the document.
    document_index: Mapped[bytes]
    name_sealed: Mapped[bytes]
    document_sealed: Mapped[bytes]
    #: GB/T 2261.1: 0 unknown, 1 male, 2 female, 9 not said.
    sex: Mapped[str]
    #: Clear, because rules ask for ages in SQL; tied to a random id only.
    birth_date: Mapped[date]
    #: Division of the household registration as the population database gives it (6 digits); empty for
    #: those it does not know.
    household_division: Mapped[str]
    created_at: Mapped[datetime]


class Account(Base):
    """Somebody who can sign in (账号)."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("level IN ('phone', 'real_name', 'face')", name="level"),
        CheckConstraint("(level = 'phone') = (person_id IS NULL)", name="level_needs_person"),
        CheckConstraint(
            "state IN ('active', 'phone_lost', 'merged', 'closing', 'closed')", name="state"
        ),
        CheckConstraint(
            "(state IN ('active', 'closing')) = (phone_index IS NOT NULL)", name="usable_has_phone"
        ),
        CheckConstraint("(phone_index IS NULL) = (phone_sealed IS NULL)", name="phone"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: None where nobody can sign in any more by phone.
    phone_index: Mapped[bytes | None] = mapped_column(unique=True)
    #: E.164.
    phone_sealed: Mapped[bytes | None]
    #: When the phone became another one.
    phone_changed_at: Mapped[datetime | None]
    #: Set when the real name is proved. One person proves it for one account.
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("persons.id"), unique=True)
    #: How well we know who it is.
    level: Mapped[str]
    created_at: Mapped[datetime]
    #: When the owner last proved whose account it is, by name or face.
    proved_at: Mapped[datetime | None]
    #: As in `states.ACCOUNT`.
    state: Mapped[str] = mapped_column(server_default="active")


class WechatLink(Base):
    """A WeChat user of our mini-program who signs in to an account."""

    __tablename__ = "wechat_links"

    #: WeChat's pseudonym for the user within our mini-program.
    openid: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    unionid: Mapped[str | None]
    linked_at: Mapped[datetime]


class LoginCode(Base):
    """A one-time code sent by SMS. The code is derived from the id and stored nowhere."""

    __tablename__ = "login_codes"
    __table_args__ = (
        CheckConstraint("tries BETWEEN 0 AND 5", name="tries"),
        CheckConstraint("known_tries BETWEEN 0 AND 5", name="known_tries"),
        Index("ix_login_codes_phone", "phone_index", "purpose", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    phone_index: Mapped[bytes]
    phone_sealed: Mapped[bytes]
    purpose: Mapped[str]
    #: The one-time-code key it is derived with.
    kid: Mapped[str]
    #: Wrong guesses so far; the fifth kills the code for every device that is not known.
    tries: Mapped[int]
    #: The same from devices the account knows, so that strangers cannot use up their owner's tries.
    known_tries: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class SessionFamily(Base):
    """One signed-in device: a chain of refresh tokens kept as one row.

    A token names the family and a generation; only the current generation refreshes. The successor is
    derived (HMAC), so a lost answer can be repeated without storing any token.
    """

    __tablename__ = "session_families"
    __table_args__ = (
        Index(
            "uq_session_families_open_device",
            "account_id",
            "device_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint("use IN ('citizen', 'verifier')", name="use"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    #: The client's own name for the device.
    device_id: Mapped[str]
    #: What the person calls it; may contain a name, hence sealed.
    device_name_sealed: Mapped[bytes]
    platform: Mapped[str]
    #: What it may be used for: a resident's own business, or codes at a door.
    use: Mapped[str] = mapped_column(server_default="citizen")
    #: The device's public key (P-256, SubjectPublicKeyInfo, DER in base64), where the client has one.
    public_key: Mapped[str | None]
    generation: Mapped[int]
    rotated_at: Mapped[datetime]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    #: When it ends however much it is used (a shift at a door, a kiosk); null where use prolongs it.
    ends_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: Until then the session has the level face; afterwards what the account has.
    face_until: Mapped[datetime | None]
    #: The organisation it acts for; its right to do so is read anew at each use.
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))
    #: Whoever signed in has the phone, but must prove anew that the account is theirs: a new device
    #: after the phone changed, or after nobody used the account for long (threats.md 12).
    unproved: Mapped[bool] = mapped_column(server_default="false")
    #: signed_out, remote, replaced, reuse, way_in_changed, phone_changed, phone_lost, merged, closing,
    #: taken_over.
    ended_because: Mapped[str | None]
