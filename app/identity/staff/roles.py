"""Roles: granted by somebody else; an administrator's by two."""

import uuid

from app.audit.services import Act, record
from app.core import clock
from app.core.db import Session
from app.core.ids import new_id
from app.identity.staff.models import OfficerRole, Role


def appoint_first(session: Session, officer_id: uuid.UUID, role: Role) -> None:
    """Make an officer the first of an administrators' kind; only for the operator's command."""
    at = clock.now()
    session.add(
        OfficerRole(
            id=new_id(),
            officer_id=officer_id,
            role=role,
            region_code=None,
            granted_by=None,
            granted_at=at,
            confirmed_by=None,
            confirmed_at=at,
            ended_by=None,
            ended_at=None,
        )
    )
    session.flush()
    record(session, Act("staff.role_granted", "system", object_id=officer_id))
