"""Who scans at the doors of an officer's own division."""

import uuid
from typing import Any

import marshmallow as ma

from api import pagination
from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.schemas import Page, Schema, Text
from app.audit.services import act_of, record
from app.core.errors import InvalidInput
from app.identity import phones
from app.identity.accounts import account_of_phone
from app.identity.queries import masked_phones, person_behind
from app.identity.staff import queries
from healthcode.models import VenueStaff
from healthcode.venues import add_staff, demand_venue_in, end_staff, staff_of, venues_in

blueprint = AudienceBlueprint(
    "officer_venues",
    __name__,
    audience="officer",
    url_prefix="/api/v1/officer/venues",
    description="Officers",
)


class VenuesQuery(Page):
    """Only those whose names contain `name`."""

    name = Text(50, load_default=None)


class OfficersVenue(Schema):
    """A venue. Where it is not `active`, nobody can scan."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    region = ma.fields.String(required=True, attribute="region_code")
    address = ma.fields.String(required=True)
    active = ma.fields.Boolean(required=True)


class OfficersVenues(Schema):
    """Venues, always in the same order."""

    items = ma.fields.List(ma.fields.Nested(OfficersVenue), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class VenueStaffItem(Schema):
    """Who may scan, by what the officer typed; no name, which would tell whose a phone is."""

    id = ma.fields.UUID(required=True)
    masked_phone = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "Null once they gave it up"}
    )
    since = ma.fields.AwareDateTime(required=True)


class VenueStaffList(Schema):
    """Newest first."""

    items = ma.fields.List(ma.fields.Nested(VenueStaffItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class NewVenueStaff(Schema):
    """The phone they sign in with."""

    phone = Text(20, required=True)


class VenueStaffAdded(Schema):
    """Who may scan from now on, whether or not the phone was known before."""

    id = ma.fields.UUID(required=True)


@blueprint.route(
    "",
    methods=["GET"],
    roles=("case_officer",),
    policy="venues in the division of the officer's unit",
)
@blueprint.arguments(VenuesQuery, location="query")
@blueprint.response(200, OfficersVenues)
def list_officers_venues(query: dict[str, Any]) -> dict[str, Any]:
    """Venues of my division."""
    after, limit = pagination.decode_id(query.get("cursor")), query["limit"]
    found = venues_in(session(), _division(), query["name"], after, limit + 1)
    more = pagination.encode_id(found[limit - 1].id) if len(found) > limit else None
    return {"items": found[:limit], "next_cursor": more}


@blueprint.route(
    "/<uuid:venue_id>/staff",
    methods=["GET"],
    roles=("case_officer",),
    policy="venue in the division of the officer's unit",
)
@blueprint.arguments(Page, location="query")
@blueprint.response(200, VenueStaffList)
def list_venue_staff(query: dict[str, Any], venue_id: uuid.UUID) -> dict[str, Any]:
    """Who may scan at a venue now. Looking is itself recorded."""
    demand_venue_in(session(), venue_id, _division())
    before, limit = pagination.decode_moment(query.get("cursor")), query["limit"]
    found = staff_of(session(), venue_id, before, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    record(session(), act_of(actor(), "healthcode.staff_listed", object_id=venue_id))
    return {
        "items": _shown(found[:limit]),
        "next_cursor": pagination.encode_moment(last.since, last.id) if last else None,
    }


@blueprint.route(
    "/<uuid:venue_id>/staff",
    methods=["POST"],
    roles=("case_officer",),
    policy="venue in the division of the officer's unit",
)
@blueprint.arguments(NewVenueStaff)
@blueprint.response(201, VenueStaffAdded)
def add_venue_staff(body: dict[str, Any], venue_id: uuid.UUID) -> dict[str, Any]:
    """Let somebody scan at a venue. Safe to repeat."""
    demand_venue_in(session(), venue_id, _division())
    phone = phones.normalise(body["phone"])
    if phone is None:
        raise InvalidInput(fields={"phone": ["请填写中国大陆手机号。 A mobile number is needed."]})
    account = account_of_phone(session(), phone)
    staff_id = add_staff(session(), venue_id, account.id)
    act = act_of(
        actor(), "healthcode.staff_added", subject_id=account.person_id, object_id=venue_id
    )
    record(session(), act)
    return {"id": staff_id}


@blueprint.route(
    "/<uuid:venue_id>/staff/<uuid:staff_id>",
    methods=["DELETE"],
    roles=("case_officer",),
    policy="staff of a venue in the division of the officer's unit",
)
@blueprint.response(204)
def end_venue_staff(venue_id: uuid.UUID, staff_id: uuid.UUID) -> None:
    """Let somebody scan there no longer; counts from their next request on."""
    demand_venue_in(session(), venue_id, _division())
    whose = person_behind(session(), end_staff(session(), venue_id, staff_id))
    act = act_of(actor(), "healthcode.staff_ended", subject_id=whose, object_id=venue_id)
    record(session(), act)


def _division() -> str:
    return queries.division_of(session(), actor().officer)


def _shown(staff: list[VenueStaff]) -> list[dict[str, Any]]:
    phones_of = masked_phones(session(), {each.account_id for each in staff})
    return [
        {"id": each.id, "masked_phone": phones_of.get(each.account_id), "since": each.since}
        for each in staff
    ]
