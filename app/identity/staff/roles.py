"""Roles (角色): granted by a security administrator, never to oneself; an administrator's by two people.

The first of each kind of administrator is appointed by the operator's command.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import func, select

from app.audit.services import act_of, record
from app.core import clock
from app.core.db import Session
from app.core.errors import InvalidInput, NotFound
from app.core.ids import new_id
from app.core.types import SYSTEM, Actor
from app.identity.staff import policies, services
from app.identity.staff.errors import (
    AdministratorExists,
    AdministratorsApart,
    NotOneself,
    OfficerHasLeft,
    RoleHeld,
    SecondPersonNeeded,
)
from app.identity.staff.models import ADMINISTRATORS, Officer, OfficerRole, Role


@dataclass(frozen=True)
class NewRole:
    """A role for an officer; village agents with the twelve digits of their division."""

    role: Role
    region_code: str | None = None


def grant(session: Session, actor: Actor, officer_id: uuid.UUID, new: NewRole) -> OfficerRole:
    """Give a role, or propose an administrator's. Counts at once, or once confirmed.

    Raises `NotFound`, `NotOneself`, `OfficerHasLeft`, `RoleHeld`, `AdministratorsApart`.
    """
    if (new.role == "village_agent") != (new.region_code is not None):
        message = "村级代办员须填写行政区划，其他角色不填。 For village agents, and only for them."
        raise InvalidInput(fields={"region": [message]})
    officer = services.another(session, actor, officer_id)
    if officer.state == "left":
        raise OfficerHasLeft
    held = set(_open_roles(session, officer_id))
    if new.role in held:
        raise RoleHeld
    if new.role in ADMINISTRATORS and not held.isdisjoint(ADMINISTRATORS):
        raise AdministratorsApart
    row = _row(officer_id, new)
    row.granted_by = actor.officer
    if new.role in ADMINISTRATORS:
        row.confirmed_at = None
    session.add(row)
    session.flush()
    action = "staff.role_proposed" if row.confirmed_at is None else "staff.role_granted"
    record(session, act_of(actor, action, object_id=officer_id, reason=new.role))
    return row


def confirm(session: Session, actor: Actor, officer_id: uuid.UUID, role_id: uuid.UUID) -> None:
    """Confirm a proposed administrator as the second person. Confirming again changes nothing.

    Raises `NotFound`, `NotOneself`, `SecondPersonNeeded`.
    """
    row = _open_role(session, actor, officer_id, role_id)
    if row.confirmed_at is not None:
        return
    if not policies.may_confirm(actor, row):
        raise SecondPersonNeeded
    row.confirmed_by, row.confirmed_at = actor.officer, clock.now()
    record(session, act_of(actor, "staff.role_confirmed", object_id=officer_id, reason=row.role))


def end(session: Session, actor: Actor, officer_id: uuid.UUID, role_id: uuid.UUID) -> None:
    """End a role, or turn a proposal down. Raises `NotFound`, `NotOneself`."""
    row = _open_role(session, actor, officer_id, role_id)
    row.ended_by, row.ended_at = actor.officer, clock.now()
    record(session, act_of(actor, "staff.role_ended", object_id=officer_id, reason=row.role))


def appoint_first(session: Session, officer_id: uuid.UUID, role: Role) -> None:
    """Make an officer the first of a kind of administrators. Raises `AdministratorExists`.

    Only for the operator's command: whoever holds the role later gets it from two people.
    """
    # One appointment at a time.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext("staff.appoint_first"))))
    holder = (
        select(OfficerRole.id)
        .join(Officer, Officer.id == OfficerRole.officer_id)
        .where(
            OfficerRole.role == role,
            OfficerRole.confirmed_at.is_not(None),
            OfficerRole.ended_at.is_(None),
            Officer.state != "left",
        )
    )
    if session.scalar(holder.limit(1)) is not None:
        raise AdministratorExists
    session.add(_row(officer_id, NewRole(role)))
    session.flush()
    record(session, act_of(SYSTEM, "staff.role_granted", object_id=officer_id, reason=role))


def _row(officer_id: uuid.UUID, new: NewRole) -> OfficerRole:
    at = clock.now()
    return OfficerRole(
        id=new_id(),
        officer_id=officer_id,
        role=new.role,
        region_code=new.region_code,
        granted_by=None,
        granted_at=at,
        confirmed_by=None,
        confirmed_at=at,
        ended_by=None,
        ended_at=None,
    )


def _open_roles(session: Session, officer_id: uuid.UUID) -> list[str]:
    open_ones = select(OfficerRole.role).where(
        OfficerRole.officer_id == officer_id, OfficerRole.ended_at.is_(None)
    )
    return list(session.scalars(open_ones))


def _open_role(
    session: Session, actor: Actor, officer_id: uuid.UUID, role_id: uuid.UUID
) -> OfficerRole:
    mine = select(OfficerRole).where(
        OfficerRole.id == role_id,
        OfficerRole.officer_id == officer_id,
        OfficerRole.ended_at.is_(None),
    )
    row = session.scalar(mine.with_for_update())
    if row is None:
        raise NotFound
    if not policies.is_about_another(actor, officer_id):
        raise NotOneself
    return row
