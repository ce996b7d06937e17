"""My passkeys: a second factor that a copied page cannot ask for."""

import json
import uuid
from typing import Any

import marshmallow as ma

from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.schemas import Schema, Text
from app.identity.staff import passkeys
from app.identity.staff.models import OfficerPasskey

blueprint = AudienceBlueprint(
    "officer_passkeys",
    __name__,
    audience="officer",
    url_prefix="/api/v1/officer/me/passkeys",
    description="Officers",
)

#: Characters of a credential as JSON.
LONGEST_CREDENTIAL = 16_000


class Credential(ma.fields.Dict):
    """A PublicKeyCredential as the browser gives it (`toJSON()`)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(keys=ma.fields.String(), validate=_bounded, **options)


def _bounded(value: dict[str, Any]) -> None:
    if len(json.dumps(value)) > LONGEST_CREDENTIAL:
        raise ma.ValidationError("过长。 Too long.")


class PasskeyRequest(Schema):
    """A request to be answered within five minutes, and PublicKeyCredentialCreationOptions."""

    request = ma.fields.String(required=True)
    options = ma.fields.Dict(required=True)


class PasskeyAnswer(Schema):
    """The request and what the browser answered."""

    request = Text(64, required=True)
    credential = Credential(required=True)


class PasskeyItem(Schema):
    """One of my passkeys."""

    id = ma.fields.UUID(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    last_used_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class PasskeyList(Schema):
    """All of mine, at most ten."""

    items = ma.fields.List(ma.fields.Nested(PasskeyItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


@blueprint.route("", methods=["GET"], roles=(), policy="own passkeys")
@blueprint.response(200, PasskeyList)
def list_passkeys() -> dict[str, Any]:
    """My passkeys, oldest first."""
    return {"items": passkeys.of_officer(session(), actor().officer), "next_cursor": None}


@blueprint.route("/requests", methods=["POST"], roles=(), policy="own account")
@blueprint.response(201, PasskeyRequest)
def begin_passkey() -> dict[str, Any]:
    """Ask for a passkey to be registered."""
    text, options = passkeys.begin(session(), actor())
    return {"request": text, "options": options}


@blueprint.route("", methods=["POST"], roles=(), policy="own request, good once")
@blueprint.arguments(PasskeyAnswer)
@blueprint.response(201, PasskeyItem)
def register_passkey(body: dict[str, Any]) -> OfficerPasskey:
    """Register the passkey that answers the request."""
    return passkeys.register(session(), actor(), body["request"], body["credential"])


@blueprint.route("/<uuid:passkey_id>", methods=["DELETE"], roles=(), policy="own passkey")
@blueprint.response(204)
def remove_passkey(passkey_id: uuid.UUID) -> None:
    """Take a passkey away."""
    passkeys.remove(session(), actor(), passkey_id)
