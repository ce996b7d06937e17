"""Reading units, officers and roles."""

import uuid
from typing import Any

from sqlalchemy import select

from app.core import crypto
from app.core.db import Session
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
