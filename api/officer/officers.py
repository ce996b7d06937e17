"""Administering units, officers and their roles."""

import uuid
from typing import Any

import marshmallow as ma

from api import pagination
from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.schemas import Page, Schema, Text
from app.identity.staff import queries, roles, services
from app.identity.staff.models import ROLES, UNIT_KINDS, OfficerRole

blueprint = AudienceBlueprint(
    "officers",
    __name__,
    audience="officer",
    url_prefix="/api/v1/officer",
    description="Officers",
)

REGION = ma.validate.Regexp(r"[0-9]{12}\Z")
LOGIN = ma.validate.Regexp(r"[A-Za-z0-9][A-Za-z0-9._-]{2,63}\Z")


class NewUnit(Schema):
    """A unit below another one, or at the top."""

    name = Text(100, required=True)
    kind = Text(20, required=True, validate=ma.validate.OneOf(UNIT_KINDS))
    region = Text(12, required=True, validate=REGION, attribute="region_code")
    parent_id = ma.fields.UUID(load_default=None, allow_none=True)


class UnitItem(Schema):
    """A unit."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    region = ma.fields.String(required=True, attribute="region_code")
    parent_id = ma.fields.UUID(required=True, allow_none=True)


class UnitList(Schema):
    """Units in the order they were made."""

    items = ma.fields.List(ma.fields.Nested(UnitItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class NewOfficer(Schema):
    """Login (of the post, not the person's name), name and unit."""

    login = Text(64, required=True, validate=LOGIN)
    name = Text(50, required=True)
    unit_id = ma.fields.UUID(required=True)


class RoleItem(Schema):
    """A role held, or waiting for a second administrator (`confirmed_at` null)."""

    id = ma.fields.UUID(required=True)
    role = ma.fields.String(required=True)
    region = ma.fields.String(required=True, allow_none=True, attribute="region_code")
    granted_at = ma.fields.AwareDateTime(required=True)
    confirmed_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class OfficerItem(Schema):
    """An officer. `enrolled`: whether they have a second factor."""

    id = ma.fields.UUID(required=True)
    login = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    unit_id = ma.fields.UUID(required=True)
    state = ma.fields.String(required=True)
    enrolled = ma.fields.Boolean(required=True)
    roles = ma.fields.List(ma.fields.Nested(RoleItem), required=True)


class OfficerList(Schema):
    """Officers in the order they were made."""

    items = ma.fields.List(ma.fields.Nested(OfficerItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class OfficersQuery(Page):
    """Of one unit only."""

    unit_id = ma.fields.UUID(load_default=None)


class FirstPassword(Schema):
    """To be handed over; shown once and good for one sign-in, which sets another."""

    id = ma.fields.UUID(required=True)
    first_password = ma.fields.String(required=True)


class OfficerState(Schema):
    """`left` is for ever."""

    state = Text(10, required=True, validate=ma.validate.OneOf(["active", "locked", "left"]))


class NewRole(Schema):
    """`region`: the division of a village agent, and of nobody else."""

    role = Text(20, required=True, validate=ma.validate.OneOf(ROLES))
    region = Text(12, load_default=None, validate=REGION, attribute="region_code")


@blueprint.route(
    "/units", methods=["GET"], roles=("system_admin", "security_admin"), policy="all units"
)
@blueprint.arguments(Page, location="query")
@blueprint.response(200, UnitList)
def list_units(query: dict[str, Any]) -> dict[str, Any]:
    """Units, in the order they were made."""
    after, limit = pagination.decode_id(query.get("cursor")), query["limit"]
    found = queries.units(session(), after, limit + 1)
    more = pagination.encode_id(found[limit - 1].id) if len(found) > limit else None
    return {"items": found[:limit], "next_cursor": more}


@blueprint.route("/units", methods=["POST"], roles=("system_admin",), policy="no object yet")
@blueprint.arguments(NewUnit)
@blueprint.response(201, UnitItem)
def make_unit(body: dict[str, Any]) -> Any:
    """Make a unit."""
    return services.make_unit(session(), services.NewUnit(**body), actor())


@blueprint.route(
    "/officers", methods=["GET"], roles=("system_admin", "security_admin"), policy="all officers"
)
@blueprint.arguments(OfficersQuery, location="query")
@blueprint.response(200, OfficerList)
def list_officers(query: dict[str, Any]) -> dict[str, Any]:
    """Officers with their roles."""
    after, limit = pagination.decode_id(query.get("cursor")), query["limit"]
    found = queries.officers(session(), query["unit_id"], after, limit + 1)
    more = pagination.encode_id(found[limit - 1]["id"]) if len(found) > limit else None
    return {"items": found[:limit], "next_cursor": more}


@blueprint.route("/officers", methods=["POST"], roles=("system_admin",), policy="no object yet")
@blueprint.arguments(NewOfficer)
@blueprint.response(201, FirstPassword)
def make_officer(body: dict[str, Any]) -> dict[str, Any]:
    """Make an officer without any role; answers the password for their first sign-in, once."""
    officer, password = services.make_officer(session(), services.NewOfficer(**body), actor())
    return {"id": officer.id, "first_password": password}


@blueprint.route(
    "/officers/<uuid:officer_id>",
    methods=["GET"],
    roles=("system_admin", "security_admin"),
    policy="any officer",
)
@blueprint.response(200, OfficerItem)
def show_one(officer_id: uuid.UUID) -> dict[str, Any]:
    """One officer."""
    return queries.officer(session(), officer_id)


@blueprint.route(
    "/officers/<uuid:officer_id>/state",
    methods=["PUT"],
    roles=("system_admin",),
    policy="another officer",
)
@blueprint.arguments(OfficerState)
@blueprint.response(200, OfficerItem)
def move_officer(body: dict[str, Any], officer_id: uuid.UUID) -> dict[str, Any]:
    """Lock, unlock or retire an officer; acts on their sessions at once."""
    services.move_officer(session(), actor(), officer_id, body["state"])
    return queries.officer(session(), officer_id)


@blueprint.route(
    "/officers/<uuid:officer_id>/password",
    methods=["POST"],
    roles=("system_admin",),
    policy="another officer",
)
@blueprint.response(201, FirstPassword)
def reset_password(officer_id: uuid.UUID) -> dict[str, Any]:
    """Give an officer a new first password; the second factor stays as it is."""
    password = services.reset_password(session(), actor(), officer_id)
    return {"id": officer_id, "first_password": password}


@blueprint.route(
    "/officers/<uuid:officer_id>/second-factor",
    methods=["DELETE"],
    roles=("security_admin",),
    policy="another officer",
)
@blueprint.response(204)
def reset_second_factor(officer_id: uuid.UUID) -> None:
    """Take a lost second factor away; the next sign-in enrols another."""
    services.reset_second_factor(session(), actor(), officer_id)


@blueprint.route(
    "/officers/<uuid:officer_id>/roles",
    methods=["POST"],
    roles=("security_admin",),
    policy="another officer",
)
@blueprint.arguments(NewRole)
@blueprint.response(201, RoleItem)
def grant_role(body: dict[str, Any], officer_id: uuid.UUID) -> OfficerRole:
    """Grant a role; one of the three administrators' waits for a second administrator."""
    return roles.grant(session(), actor(), officer_id, roles.NewRole(**body))


@blueprint.route(
    "/officers/<uuid:officer_id>/roles/<uuid:role_id>/confirm",
    methods=["POST"],
    roles=("security_admin", "system_admin"),
    policy="another officer's role, proposed by a third",
)
@blueprint.response(204)
def confirm_role(officer_id: uuid.UUID, role_id: uuid.UUID) -> None:
    """Confirm an administrator's role that somebody else proposed."""
    roles.confirm(session(), actor(), officer_id, role_id)


@blueprint.route(
    "/officers/<uuid:officer_id>/roles/<uuid:role_id>",
    methods=["DELETE"],
    roles=("security_admin",),
    policy="another officer's role",
)
@blueprint.response(204)
def end_role(officer_id: uuid.UUID, role_id: uuid.UUID) -> None:
    """End a role, or turn a proposal down; counts from the next request on."""
    roles.end(session(), actor(), officer_id, role_id)
