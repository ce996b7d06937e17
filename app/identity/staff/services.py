"""Making units and officers; locking them; giving them new credentials. Each act is audited."""

import secrets
import uuid
from dataclasses import dataclass

from sqlalchemy import select

from app.core import clock, crypto
from app.core.db import Session
from app.core.ids import new_id
from app.identity import passwords
from app.identity.documents import normalise_name
from app.identity.staff.errors import LoginTaken
from app.identity.staff.models import Officer, Unit


@dataclass(frozen=True)
class NewUnit:
    """What is known of a unit when it is made. `region_code` has twelve digits."""

    name: str
    kind: str
    region_code: str
    parent_id: uuid.UUID | None = None


@dataclass(frozen=True)
class NewOfficer:
    """What is known of an officer when they are made."""

    login: str
    name: str
    unit_id: uuid.UUID


def make_unit(session: Session, new: NewUnit) -> Unit:
    """Make a unit."""
    unit = Unit(id=new_id(), created_at=clock.now(), **vars(new))
    session.add(unit)
    session.flush()
    return unit


def make_officer(session: Session, new: NewOfficer) -> tuple[Officer, str]:
    """Make an officer; returns them and the password for their first sign-in. Raises `LoginTaken`."""
    login = new.login.lower()
    if session.scalar(select(Officer.id).where(Officer.login == login)) is not None:
        raise LoginTaken
    password, officer_id = first_password(), new_id()
    officer = Officer(
        id=officer_id,
        login=login,
        name_sealed=crypto.seal(
            session.core.keys, name_field(officer_id), normalise_name(new.name)
        ),
        unit_id=new.unit_id,
        state="active",
        password_hash=passwords.hash_password(password),
        must_change=True,
        totp_sealed=None,
        totp_step=None,
        created_at=clock.now(),
    )
    session.add(officer)
    session.flush()
    return officer, password


def first_password() -> str:
    """A password to be shown once and changed at the first sign-in; 120 bits."""
    return secrets.token_urlsafe(15)


def name_field(officer_id: uuid.UUID) -> crypto.Field:
    """Where an officer's name lives."""
    return crypto.Field("officers", "name_sealed", officer_id)
