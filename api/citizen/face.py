"""Showing my face: a challenge, the check at the provider, and the level for a while."""

from typing import Any

import marshmallow as ma
from flask import Response

from api.blueprints import AudienceBlueprint
from api.context import actor, session, world
from api.errors import problem
from api.schemas import Schema, Text
from app.core.errors import DomainError
from app.core.http import PartyUnavailable
from app.identity import sessions
from app.identity.face import services
from app.identity.tokens import ACCESS_LIFE

blueprint = AudienceBlueprint(
    "face", __name__, audience="citizen", url_prefix="/api/v1/me/face", description="Myself"
)


class FaceChallengeAnswer(Schema):
    """What the device hands to the provider, or the page on which the person does the check."""

    challenge_id = ma.fields.UUID(required=True)
    provider_token = ma.fields.String(required=True)
    provider_url = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(required=True, metadata={"description": "seconds"})


class FaceResultRequest(Schema):
    """The token the provider gave back to the device."""

    challenge_id = ma.fields.UUID(required=True)
    result_token = Text(200, required=True)


class FaceAnswer(Schema):
    """The new level, until when, and a token that carries it."""

    level = ma.fields.String(required=True)
    level_until = ma.fields.AwareDateTime(required=True)
    access_token = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(required=True, metadata={"description": "seconds"})


@blueprint.route(
    "/challenges", methods=["POST"], policy="own face", level="real_name", acts_for="any"
)
@blueprint.response(201, FaceChallengeAnswer)
def begin_face_check() -> dict[str, Any] | Response:
    """Begin a check of my face. Ten a day."""
    begun = services.begin(session(), world().faceid, actor())
    if isinstance(begun, PartyUnavailable):
        return problem(begun)
    return {
        "challenge_id": begun.challenge_id,
        "provider_token": begun.check.token,
        "provider_url": begun.check.url,
        "expires_in": int(services.CHALLENGE_LIFE.total_seconds()),
    }


@blueprint.route("", methods=["POST"], policy="own challenge", level="real_name", acts_for="any")
@blueprint.arguments(FaceResultRequest)
@blueprint.response(200, FaceAnswer)
@blueprint.alt_response(404, description="not a challenge of this session")
def prove_face(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Have the provider asked how my check ended. Counts once."""
    challenge, token = body["challenge_id"], body["result_token"]
    raised = services.finish(session(), world().faceid, actor(), challenge, token)
    if isinstance(raised, DomainError):
        return problem(raised)
    return {
        "level": "face",
        "level_until": raised.face_until,
        "access_token": sessions.grant_anew(session(), actor()),
        "expires_in": ACCESS_LIFE,
    }
