"""Who may decide about whom. The role is on the route; here stands the relation."""

import uuid

from app.core.types import Actor
from app.identity.staff.models import OfficerRole


def is_about_another(actor: Actor, officer_id: uuid.UUID) -> bool:
    """Nobody decides about themselves."""
    return actor.officer != officer_id


def may_confirm(actor: Actor, role: OfficerRole) -> bool:
    """A second administrator: neither who proposed it nor who gets it."""
    return actor.officer not in (role.granted_by, role.officer_id)
