"""Guardianship: acting for a child, as the register of households has it."""

from typing import Any

import marshmallow as ma

from api.blueprints import AudienceBlueprint
from api.citizen.family import PersonRequest
from api.context import actor, session, world
from api.errors import problem
from api.schemas import Schema
from app.connectors.household_register import GUARDIANS
from app.core.http import PartyUnavailable
from app.family import guardianship
from app.family.guardianship import Registers, Wanted
from app.identity import real_name
from app.identity.real_name import Authorities

blueprint = AudienceBlueprint(
    "guardianships",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/family",
    description="Family",
)


class GuardianshipRequest(Schema):
    """The child, what I am to it, and how long at most; else until the day before it is eighteen."""

    person = ma.fields.Nested(PersonRequest, required=True)
    relation = ma.fields.String(required=True, validate=ma.validate.OneOf(GUARDIANS))
    until = ma.fields.Date(load_default=None)


class GuardianshipAnswer(Schema):
    """In force: no acceptance is needed."""

    id = ma.fields.UUID(required=True)
    person_id = ma.fields.UUID(required=True, attribute="principal_person_id")
    status = ma.fields.String(required=True, validate=ma.validate.Equal("active"))
    scopes = ma.fields.List(ma.fields.String(), required=True)
    until = ma.fields.Date(required=True)


@blueprint.route(
    "/guardianships",
    methods=["POST"],
    policy="a child whose guardian the register says I am",
    level="real_name",
)
@blueprint.arguments(GuardianshipRequest)
@blueprint.response(201, GuardianshipAnswer)
@blueprint.alt_response(409, description="the register does not confirm it, or it is there already")
def claim_guardianship(body: dict[str, Any]) -> Any:
    """Act for my child. Whatever does not fit the register has one answer."""
    parties = world()
    registers = Registers(
        Authorities(parties.population, parties.exit_entry), parties.household_register
    )
    wanted = Wanted(real_name.claim(**body["person"]), body["relation"], body["until"])
    outcome = guardianship.claim(session(), registers, actor(), wanted)
    return problem(outcome) if isinstance(outcome, PartyUnavailable) else outcome
