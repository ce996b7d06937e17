"""Units, officers, roles, sign-ins and sessions of staff."""

import uuid
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

Role = Literal[
    "system_admin", "security_admin", "audit_admin",
    "window_officer", "village_agent", "case_officer", "client_registrar",
]  # fmt: skip
ROLES: tuple[Role, ...] = get_args(Role)
#: 三员: nobody holds two of them, and two people together give one.
ADMINISTRATORS: tuple[Role, ...] = ("system_admin", "security_admin", "audit_admin")
UNIT_KINDS = ("government", "department", "window", "village")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Unit(Base):
    """An organisational unit (单位): a government, department, service window or village."""

    __tablename__ = "units"
    __table_args__ = (CheckConstraint(_one_of("kind", UNIT_KINDS), name="kind"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("units.id"), index=True)
    name: Mapped[str]
    #: Twelve digits: the division it serves.
    region_code: Mapped[str]
    kind: Mapped[str]
    created_at: Mapped[datetime]


class Officer(Base):
    """Somebody who works for a unit and signs in by password and second factor."""

    __tablename__ = "officers"
    __table_args__ = (CheckConstraint("state IN ('active', 'locked', 'left')", name="state"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: Lower case; a number or name of the post, not of a person.
    login: Mapped[str] = mapped_column(unique=True)
    name_sealed: Mapped[bytes]
    unit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("units.id"), index=True)
    state: Mapped[str]
    #: Argon2id, in its own text form.
    password_hash: Mapped[str]
    #: The password was given out by somebody else: the next sign-in must choose another.
    must_change: Mapped[bool]
    #: Base32 secret of the one-time passwords (RFC 6238); null until enrolled.
    totp_sealed: Mapped[bytes | None]
    #: The last time step that was accepted, so that no password is good twice.
    totp_step: Mapped[int | None]
    created_at: Mapped[datetime]


class OfficerRole(Base):
    """A role somebody holds, held, or is to hold once a second person confirms it."""

    __tablename__ = "officer_roles"
    __table_args__ = (
        CheckConstraint(_one_of("role", ROLES), name="role"),
        CheckConstraint("granted_by <> officer_id", name="not_by_oneself"),
        CheckConstraint(
            "confirmed_by <> officer_id AND confirmed_by <> granted_by", name="two_people"
        ),
        CheckConstraint("ended_by <> officer_id", name="not_ended_by_oneself"),
        CheckConstraint("(role = 'village_agent') = (region_code IS NOT NULL)", name="region"),
        CheckConstraint(
            f"granted_by IS NULL OR confirmed_by IS NOT NULL OR confirmed_at IS NULL"
            f" OR NOT {_one_of('role', ADMINISTRATORS)}",
            name="administrators_by_two",
        ),
        Index(
            "uq_officer_roles_open",
            "officer_id",
            "role",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "uq_officer_roles_one_administrator",
            "officer_id",
            unique=True,
            postgresql_where=text(f"ended_at IS NULL AND {_one_of('role', ADMINISTRATORS)}"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officers.id"))
    role: Mapped[str]
    #: The division a village agent serves, twelve digits.
    region_code: Mapped[str | None]
    #: Null only for the first administrators, whom a command makes.
    granted_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
    granted_at: Mapped[datetime]
    #: The second person, for administrators.
    confirmed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
    #: Since when the role counts; null while it waits for the second person.
    confirmed_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
    ended_at: Mapped[datetime | None]


class OfficerChallenge(Base):
    """A password was right and the second factor is still to come; or a passkey to be registered."""

    __tablename__ = "officer_challenges"
    __table_args__ = (
        CheckConstraint("tries BETWEEN 0 AND 5", name="tries"),
        CheckConstraint("purpose IN ('sign_in', 'passkey')", name="purpose"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: `sign_in`, or `passkey`: to register one.
    purpose: Mapped[str] = mapped_column(server_default="sign_in")
    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officers.id"), index=True)
    #: SHA-256 of the text the client holds.
    text_hash: Mapped[bytes] = mapped_column(unique=True)
    #: SHA-256 of the client's own name for the device.
    device_hash: Mapped[bytes | None]
    #: The secret to enrol, while there is none; shown once, with this challenge.
    totp_sealed: Mapped[bytes | None]
    #: What a passkey has to sign; random.
    passkey_challenge: Mapped[bytes | None]
    #: Wrong second factors so far; the fifth ends it.
    tries: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class OfficerPasskey(Base):
    """A passkey of an officer (WebAuthn): only the public half is ours."""

    __tablename__ = "officer_passkeys"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officers.id"), index=True)
    #: The authenticator's own name for it.
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    #: COSE key.
    public_key: Mapped[bytes]
    #: Uses as the authenticator counts them; it must grow, where it counts at all.
    sign_count: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class OfficerSession(Base):
    """One signed-in officer: a chain of refresh tokens kept as one row, as for citizens."""

    __tablename__ = "officer_sessions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officers.id"), index=True)
    #: SHA-256 of the client's own name for the device.
    device_hash: Mapped[bytes | None]
    #: The refresh token is a cookie, good only from our own pages.
    browser: Mapped[bool]
    generation: Mapped[int]
    rotated_at: Mapped[datetime]
    #: The last request, to within a minute.
    last_seen_at: Mapped[datetime]
    created_at: Mapped[datetime]
    #: Twelve hours after sign-in, whatever happens.
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    #: signed_out, reuse, locked, left, password_reset, password_changed, factor_reset.
    ended_because: Mapped[str | None]
