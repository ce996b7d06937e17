"""Switching between my own business and an organisation's, inside one session."""

from typing import Any

import marshmallow as ma
from flask import Response

from api.blueprints import AudienceBlueprint
from api.citizen.organisations import ActingAs, acting_as
from api.context import actor, session, world
from api.errors import problem
from api.schemas import Schema
from app.core.errors import DomainError
from app.identity import sessions
from app.identity.organisations import services
from app.identity.tokens import ACCESS_LIFE

blueprint = AudienceBlueprint(
    "acting", __name__, audience="citizen", url_prefix="/api/v1/auth", description="One login"
)


class ActingRequest(Schema):
    """For whom this session acts from now on; null for myself."""

    organisation_id = ma.fields.UUID(required=True, allow_none=True)


class ActingAnswer(Schema):
    """A token that says so. The one before stays as it was until it ends."""

    access_token = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(required=True, metadata={"description": "seconds"})
    acting_as = ma.fields.Nested(ActingAs, required=True, allow_none=True)


@blueprint.route(
    "/acting-as",
    methods=["POST"],
    policy="organisation I stand for or operate",
    level="real_name",
    acts_for="any",
)
@blueprint.arguments(ActingRequest)
@blueprint.response(200, ActingAnswer)
@blueprint.alt_response(404, description="no organisation I may act for")
def act_as(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Act for an organisation, or for myself again."""
    registry, wanted = world().business_registry, body["organisation_id"]
    right = services.switch(session(), registry, actor(), wanted)
    if isinstance(right, DomainError):
        return problem(right)
    token = sessions.grant_anew(session(), actor())
    return {"access_token": token, "expires_in": ACCESS_LIFE, "acting_as": acting_as(right)}
