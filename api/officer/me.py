"""Who I am as an officer."""

from typing import Any

import marshmallow as ma

from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.schemas import Schema
from app.identity.staff import queries

blueprint = AudienceBlueprint(
    "officer_me",
    __name__,
    audience="officer",
    url_prefix="/api/v1/officer/me",
    description="Officers",
)


class OfficersUnit(Schema):
    """The unit somebody works for."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    region = ma.fields.String(required=True, attribute="region_code")


class RoleHeld(Schema):
    """A role that counts now; `region` for village agents."""

    role = ma.fields.String(required=True)
    region = ma.fields.String(required=True, allow_none=True, attribute="region_code")
    since = ma.fields.AwareDateTime(required=True, attribute="confirmed_at")


class OfficerProfile(Schema):
    """Myself: login, name, unit, roles."""

    id = ma.fields.UUID(required=True)
    login = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    unit = ma.fields.Nested(OfficersUnit, required=True)
    roles = ma.fields.List(ma.fields.Nested(RoleHeld), required=True)


@blueprint.route("", methods=["GET"], roles=(), policy="own profile")
@blueprint.response(200, OfficerProfile)
def show_officer() -> dict[str, Any]:
    """My login, name, unit and the roles I hold now."""
    return queries.profile(session(), actor().officer)
