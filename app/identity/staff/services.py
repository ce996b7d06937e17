"""Making units and officers; locking them; giving them new credentials. Each act is audited.

To take an account over, two administrators are needed: the system administrator gives a new
password, the security administrator takes the second factor away.
"""

import secrets
import uuid
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.audit.services import act_of, record
from app.core import clock, crypto
from app.core.db import Session
from app.core.errors import InvalidInput, NotFound
from app.core.ids import new_id
from app.core.types import SYSTEM, Actor
from app.identity import passwords
from app.identity.documents import normalise_name
from app.identity.staff import passkeys, policies, sessions, states
from app.identity.staff.errors import LoginTaken, NotOneself, OfficerHasLeft
from app.identity.staff.models import Officer, OfficerRole, Unit

UNKNOWN_UNIT = "没有这个单位。 There is no such unit."


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


def make_unit(session: Session, new: NewUnit, by: Actor = SYSTEM) -> Unit:
    """Make a unit. An unknown parent is `InvalidInput`."""
    if new.parent_id is not None and session.get(Unit, new.parent_id) is None:
        raise InvalidInput(fields={"parent_id": [UNKNOWN_UNIT]})
    unit = Unit(id=new_id(), created_at=clock.now(), **vars(new))
    session.add(unit)
    session.flush()
    record(session, act_of(by, "staff.unit_made", object_id=unit.id))
    return unit


def make_officer(session: Session, new: NewOfficer, by: Actor = SYSTEM) -> tuple[Officer, str]:
    """Make an officer; returns them and the password for their first sign-in. Raises `LoginTaken`."""
    if session.get(Unit, new.unit_id) is None:
        raise InvalidInput(fields={"unit_id": [UNKNOWN_UNIT]})
    password, officer_id = first_password(), new_id()
    officer = Officer(
        id=officer_id,
        login=new.login.lower(),
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
    try:
        with session.begin_nested():
            session.add(officer)
    except IntegrityError as error:
        diagnosis = getattr(error.orig, "diag", None)
        if getattr(diagnosis, "constraint_name", None) == "uq_officers_login":
            raise LoginTaken from None
        raise
    record(session, act_of(by, "staff.officer_made", object_id=officer_id))
    return officer, password


def move_officer(session: Session, actor: Actor, officer_id: uuid.UUID, to: str) -> Officer:
    """Lock, unlock or retire an officer; sessions end at once, and whoever left holds no role.

    Raises `NotFound`, `NotOneself`, `OfficerHasLeft`. Moving to the present state changes nothing.
    """
    officer = another(session, actor, officer_id)
    if officer.state == to:
        return officer
    if not states.may_move(officer.state, to):
        raise OfficerHasLeft
    officer.state = to
    if to != "active":
        sessions.end_all(session, officer_id, to)
    if to == "left":
        roles = update(OfficerRole).where(
            OfficerRole.officer_id == officer_id, OfficerRole.ended_at.is_(None)
        )
        session.execute(roles.values(ended_by=actor.officer, ended_at=clock.now()))
    record(session, act_of(actor, f"staff.officer_{to}", object_id=officer_id))
    return officer


def reset_password(session: Session, actor: Actor, officer_id: uuid.UUID) -> str:
    """A new first password; the second factor stays. Raises as `move_officer`."""
    officer = another(session, actor, officer_id)
    if officer.state == "left":
        raise OfficerHasLeft
    password = first_password()
    officer.password_hash = passwords.hash_password(password)
    officer.must_change = True
    sessions.end_all(session, officer_id, "password_reset")
    record(session, act_of(actor, "staff.password_reset", object_id=officer_id))
    return password


def reset_second_factor(session: Session, actor: Actor, officer_id: uuid.UUID) -> None:
    """Take the second factors away, to be enrolled anew at the next sign-in. Raises as above."""
    officer = another(session, actor, officer_id)
    if officer.state == "left":
        raise OfficerHasLeft
    officer.totp_sealed = officer.totp_step = None
    passkeys.remove_all(session, officer_id)
    sessions.end_all(session, officer_id, "factor_reset")
    record(session, act_of(actor, "staff.second_factor_reset", object_id=officer_id))


def another(session: Session, actor: Actor, officer_id: uuid.UUID) -> Officer:
    """An officer who is not the actor, locked. Raises `NotFound`, `NotOneself`."""
    officer = session.get(Officer, officer_id, with_for_update=True)
    if officer is None:
        raise NotFound
    if not policies.is_about_another(actor, officer_id):
        raise NotOneself
    return officer


def first_password() -> str:
    """A password to be shown once and changed at the first sign-in; 120 bits."""
    return secrets.token_urlsafe(15)


def name_field(officer_id: uuid.UUID) -> crypto.Field:
    """Where an officer's name lives."""
    return crypto.Field("officers", "name_sealed", officer_id)
