"""What my data are used for, and what I agree to."""

from typing import Any

import marshmallow as ma

from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.errors import language
from api.schemas import Schema
from app.identity.face import services as face
from app.identity.queries import platform_of
from app.privacy import consents, registered
from app.privacy.consents import Standing
from app.privacy.registered import Purpose

purposes = AudienceBlueprint(
    "purposes",
    __name__,
    audience="public",
    url_prefix="/api/v1/privacy/purposes",
    description="Personal data",
)
blueprint = AudienceBlueprint(
    "consents",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/me/consents",
    description="Personal data",
)

BASES = ["consent", "statutory_duty", "public_health"]


class PurposeAnswer(Schema):
    """What data are used for, in the reader's language."""

    purpose = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    notice = ma.fields.String(required=True)
    notice_version = ma.fields.Integer(required=True)
    since = ma.fields.Date(required=True)
    fields_used = ma.fields.List(ma.fields.String(), required=True, data_key="fields")
    basis = ma.fields.String(required=True, validate=ma.validate.OneOf(BASES))
    law = ma.fields.String(required=True, metadata={"description": "The articles"})
    sensitive = ma.fields.Boolean(required=True)
    asks_consent = ma.fields.Boolean(required=True)


class PurposeList(Schema):
    """All purposes."""

    items = ma.fields.List(ma.fields.Nested(PurposeAnswer), required=True)


class ConsentAnswer(PurposeAnswer):
    """A purpose, and whether I agreed to it."""

    given_version = ma.fields.Integer(
        required=True, allow_none=True, metadata={"description": "null: I do not agree"}
    )
    given_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class ConsentList(Schema):
    """What asks for my consent."""

    items = ma.fields.List(ma.fields.Nested(ConsentAnswer), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class ConsentRequest(Schema):
    """The notice that I have read."""

    notice_version = ma.fields.Integer(required=True, strict=True)


@purposes.route("", methods=["GET"], policy="anybody")
@purposes.response(200, PurposeList)
def list_purposes() -> dict[str, Any]:
    """What personal data are used for here, by what right, and the present notices."""
    return {"items": [described(each) for each in registered.current().values()]}


@blueprint.route("", methods=["GET"], policy="own consents")
@blueprint.response(200, ConsentList)
def list_consents() -> dict[str, Any]:
    """What asks for my consent, and what I agreed to."""
    found = consents.standings(session(), actor())
    return {"items": [_standing(each) for each in found], "next_cursor": None}


@blueprint.route("/<string:purpose>", methods=["POST"], policy="own consents")
@blueprint.arguments(ConsentRequest)
@blueprint.response(201, ConsentAnswer)
@blueprint.alt_response(409, description="another notice is the present one, or none is needed")
def give_consent(body: dict[str, Any], purpose: str) -> dict[str, Any]:
    """Agree to the present notice of one purpose."""
    version, channel = body["notice_version"], platform_of(session(), actor())
    return _standing(consents.give(session(), actor(), purpose, version, channel))


@blueprint.route("/<string:purpose>", methods=["DELETE"], policy="own consents")
@blueprint.response(204)
@blueprint.alt_response(409, description="the law allows this purpose")
def withdraw_consent(purpose: str) -> None:
    """No longer agree, from now on; what rested on it ends."""
    consents.withdraw(session(), actor(), purpose, platform_of(session(), actor()))
    if purpose == face.PURPOSE:
        face.end_level(session(), actor().account)


def described(purpose: Purpose) -> dict[str, Any]:
    """A purpose as it is answered, in the reader's language."""
    words = purpose.words(language())
    return {
        "purpose": purpose.code,
        "title": words.title,
        "notice": words.notice,
        "notice_version": purpose.version,
        "since": purpose.since,
        "fields_used": list(words.fields),
        "basis": purpose.basis,
        "law": purpose.law,
        "sensitive": purpose.sensitive,
        "asks_consent": purpose.asks_consent,
    }


def _standing(standing: Standing) -> dict[str, Any]:
    given = standing.given
    return {
        **described(standing.purpose),
        "given_version": given.notice_version if given else None,
        "given_at": given.at if given else None,
    }
