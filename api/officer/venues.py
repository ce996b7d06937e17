"""Who scans at the doors of an officer's own division."""

import uuid
from typing import Any

import marshmallow as ma

from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.schemas import Schema, Text
from app.audit.services import act_of, record
from app.core.errors import InvalidInput
from app.identity import phones
from app.identity.accounts import account_of_phone
from app.identity.staff import queries
from healthcode.venues import add_staff, demand_venue_in, end_staff

blueprint = AudienceBlueprint(
    "officer_venues",
    __name__,
    audience="officer",
    url_prefix="/api/v1/officer/venues",
    description="Officers",
)


class NewVenueStaff(Schema):
    """The phone they sign in with."""

    phone = Text(20, required=True)


class VenueStaffAdded(Schema):
    """The account that may scan from now on."""

    account_id = ma.fields.UUID(required=True)


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
    _demand_own_division(venue_id)
    phone = phones.normalise(body["phone"])
    if phone is None:
        raise InvalidInput(fields={"phone": ["请填写中国大陆手机号。 A mobile number is needed."]})
    account = account_of_phone(session(), phone)
    add_staff(session(), venue_id, account.id)
    act = act_of(
        actor(), "healthcode.staff_added", subject_id=account.person_id, object_id=venue_id
    )
    record(session(), act)
    return {"account_id": account.id}


@blueprint.route(
    "/<uuid:venue_id>/staff/<uuid:account_id>",
    methods=["DELETE"],
    roles=("case_officer",),
    policy="staff of a venue in the division of the officer's unit",
)
@blueprint.response(204)
def end_venue_staff(venue_id: uuid.UUID, account_id: uuid.UUID) -> None:
    """Let somebody scan there no longer; counts from their next request on."""
    _demand_own_division(venue_id)
    end_staff(session(), venue_id, account_id)
    record(session(), act_of(actor(), "healthcode.staff_ended", object_id=venue_id))


def _demand_own_division(venue_id: uuid.UUID) -> None:
    unit = queries.profile(session(), actor().officer)["unit"]
    demand_venue_in(session(), venue_id, unit.region_code)
