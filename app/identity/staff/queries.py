"""Reading units, officers and roles."""

import uuid
from typing import Any

from sqlalchemy import select

from app.core import crypto
from app.core.db import Session
from app.core.errors import NotFound
from app.identity.staff.models import Officer, OfficerRole, Unit
from app.identity.staff.services import name_field


def profile(session: Session, officer_id: uuid.UUID) -> dict[str, Any]:
    """An officer with unit and the roles that count now. Raises `NoResultFound` if unknown."""
    officer = session.get_one(Officer, officer_id)
    return {
        "id": officer.id,
        "login": officer.login,
        "name": name_of(session, officer),
        "unit": session.get_one(Unit, officer.unit_id),
        "roles": roles_of(session, officer_id),
    }


def roles_of(session: Session, officer_id: uuid.UUID) -> list[OfficerRole]:
    """The roles an officer holds now."""
    held = select(OfficerRole).where(
        OfficerRole.officer_id == officer_id,
        OfficerRole.confirmed_at.is_not(None),
        OfficerRole.ended_at.is_(None),
    )
    return list(session.scalars(held.order_by(OfficerRole.role)))


def name_of(session: Session, officer: Officer) -> str:
    """The officer's name in clear: for themselves and those who administer them."""
    return crypto.unseal(session.core.keys, name_field(officer.id), officer.name_sealed)


def units(session: Session, after: uuid.UUID | None, limit: int) -> list[Unit]:
    """Units in the order they were made."""
    page = select(Unit).order_by(Unit.id).limit(limit)
    return list(session.scalars(page if after is None else page.where(Unit.id > after)))


def officers(
    session: Session, unit_id: uuid.UUID | None, after: uuid.UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Officers, of one unit or all, with what they hold and what waits to be confirmed."""
    page = select(Officer).order_by(Officer.id).limit(limit)
    if unit_id is not None:
        page = page.where(Officer.unit_id == unit_id)
    if after is not None:
        page = page.where(Officer.id > after)
    found = list(session.scalars(page))
    roles = _open_roles(session, [each.id for each in found])
    return [_shown(session, each, roles) for each in found]


def officer(session: Session, officer_id: uuid.UUID) -> dict[str, Any]:
    """One officer, as in the list. Raises `NotFound`."""
    found = session.get(Officer, officer_id)
    if found is None:
        raise NotFound
    return _shown(session, found, _open_roles(session, [officer_id]))


def officers_name(session: Session, officer_id: uuid.UUID) -> str:
    """An officer's name in clear: for a comparison, never for an answer."""
    return name_of(session, session.get_one(Officer, officer_id))


def division_of(session: Session, officer_id: uuid.UUID) -> str:
    """The division (twelve digits) that the officer's unit serves."""
    unit = select(Unit.region_code).join(Officer, Officer.unit_id == Unit.id)
    return session.execute(unit.where(Officer.id == officer_id)).scalar_one()


def posts_of(session: Session, officer_id: uuid.UUID) -> dict[str, str]:
    """Role → the division (twelve digits) it counts in: the unit's, or a village agent's own."""
    of_unit = division_of(session, officer_id)
    return {role.role: role.region_code or of_unit for role in roles_of(session, officer_id)}


def _shown(session: Session, found: Officer, roles: list[OfficerRole]) -> dict[str, Any]:
    return {
        "id": found.id,
        "login": found.login,
        "name": name_of(session, found),
        "unit_id": found.unit_id,
        "state": found.state,
        "enrolled": found.totp_sealed is not None,
        "roles": [role for role in roles if role.officer_id == found.id],
    }


def _open_roles(session: Session, officer_ids: list[uuid.UUID]) -> list[OfficerRole]:
    open_ones = select(OfficerRole).where(
        OfficerRole.officer_id.in_(officer_ids), OfficerRole.ended_at.is_(None)
    )
    return list(session.scalars(open_ones.order_by(OfficerRole.role)))


def unit_names(session: Session, unit_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Unit → name."""
    if not unit_ids:
        return {}
    named = select(Unit.id, Unit.name).where(Unit.id.in_(unit_ids))
    return {row.id: row.name for row in session.execute(named)}
