"""Who I am: profile and real name."""

from typing import Any

import marshmallow as ma
from flask import Response

from api.blueprints import AudienceBlueprint
from api.citizen.organisations import ActingAs, acting_as
from api.context import actor, session, world
from api.errors import problem
from api.schemas import Schema, Text
from app.core.http import PartyUnavailable
from app.identity import queries, real_name, sessions
from app.identity.documents import DOCUMENT_TYPES
from app.identity.organisations.queries import acting
from app.identity.real_name import Authorities
from app.identity.tokens import ACCESS_LIFE

blueprint = AudienceBlueprint(
    "me", __name__, audience="citizen", url_prefix="/api/v1/me", description="Myself"
)


class Profile(Schema):
    """Myself, masked."""

    id = ma.fields.UUID(required=True)
    person_id = ma.fields.UUID(required=True, allow_none=True)
    level = ma.fields.String(required=True)
    must_prove = ma.fields.Boolean(
        required=True,
        metadata={"description": "Real name first: a new device on a changed or long unused phone"},
    )
    level_until = ma.fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When `face` falls back"}
    )
    acting_as = ma.fields.Nested(ActingAs, required=True, allow_none=True)
    phone = ma.fields.String(required=True)
    name = ma.fields.String(required=True, allow_none=True)
    document_type = ma.fields.String(required=True, allow_none=True)
    document_number = ma.fields.String(required=True, allow_none=True)


class RealNameRequest(Schema):
    """Name and document as printed on it."""

    name = Text(50, required=True)
    document_type = Text(40, required=True, validate=ma.validate.OneOf(DOCUMENT_TYPES))
    document_number = Text(18, required=True)


class RealNameAnswer(Schema):
    """The new level, and a token that carries it."""

    level = ma.fields.String(required=True)
    access_token = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(required=True, metadata={"description": "seconds"})


@blueprint.route("", methods=["GET"], policy="own profile", acts_for="any", before_proof=True)
@blueprint.response(200, Profile)
def show_me() -> dict[str, Any]:
    """My profile."""
    right = acting(session(), actor())
    return {**queries.profile(session(), actor()), "acting_as": acting_as(right)}


@blueprint.route("/real-name", methods=["POST"], policy="own account", before_proof=True)
@blueprint.arguments(RealNameRequest)
@blueprint.response(200, RealNameAnswer)
def prove_real_name(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Prove name and document number with the authority that issued the document."""
    claimed = real_name.claim(**body)
    authorities = Authorities(world().population, world().exit_entry)
    account = real_name.prove_real_name(session(), authorities, actor(), claimed)
    if isinstance(account, PartyUnavailable):
        return problem(account)
    return {
        "level": account.level,
        "access_token": sessions.grant_anew(session(), actor()),
        "expires_in": ACCESS_LIFE,
    }
