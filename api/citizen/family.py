"""Mandates: acting and paying for others, and who may for me; guardianships; every use."""

import uuid
from typing import Any

import marshmallow as ma

from api import pagination
from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.errors import language
from api.schemas import Page, Schema, Text
from app.connectors.household_register import GUARDIANS
from app.family import queries, services, uses
from app.family.models import CONFIRMED, RELATIONS, SCOPES
from app.family.queries import Shown
from app.family.services import Terms
from app.identity import real_name
from app.identity.documents import DOCUMENT_TYPES

blueprint = AudienceBlueprint(
    "family",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/family",
    description="Family",
)

STATUSES = ["pending", "active", "declined", "revoked", "expired"]


class PersonRequest(Schema):
    """Somebody, as their document names them."""

    name = Text(50, required=True)
    document_type = Text(40, required=True, validate=ma.validate.OneOf(DOCUMENT_TYPES))
    document_number = Text(18, required=True)


class MandateRequest(Schema):
    """For whom I want to act, in what, and until when."""

    person = ma.fields.Nested(PersonRequest, required=True)
    relation = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(RELATIONS),
        metadata={"description": "What the person is to me"},
    )
    scopes = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(SCOPES)),
        required=True,
        validate=ma.validate.Length(1, len(SCOPES)),
    )
    until = ma.fields.Date(required=True, metadata={"description": "Last day, within five years"})


class AskedMandate(Schema):
    """Recorded; whether such a person is known to us is not told."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.String(
        required=True, metadata={"description": "To be named at a window or to a village agent"}
    )
    person_id = ma.fields.UUID(required=True, allow_none=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(STATUSES))


class MandateItem(Schema):
    """A mandate, from the side I stand on."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "To be named at a window; null once confirmed or over"},
    )
    my_side = ma.fields.String(
        required=True, data_key="as", validate=ma.validate.OneOf(["holder", "principal"])
    )
    person_id = ma.fields.UUID(required=True, allow_none=True)
    masked_name = ma.fields.String(
        required=True, metadata={"description": "The other side's name, masked"}
    )
    relation = ma.fields.String(
        required=True, metadata={"description": "What the principal is to the holder"}
    )
    scopes = ma.fields.List(ma.fields.String(), required=True)
    until = ma.fields.Date(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(STATUSES))
    accepted = ma.fields.Boolean(
        required=True, metadata={"description": "The principal agreed once"}
    )
    ended_by = ma.fields.String(
        required=True,
        allow_none=True,
        validate=ma.validate.OneOf(["holder", "principal", "register", "system"]),
        metadata={"description": "Who ended it; null while it lives"},
    )
    guardian_as = ma.fields.String(
        required=True,
        allow_none=True,
        validate=ma.validate.OneOf(GUARDIANS),
        metadata={"description": "What the holder is to their child; null for other mandates"},
    )
    confirmed_how = ma.fields.String(
        required=True, allow_none=True, validate=ma.validate.OneOf(CONFIRMED)
    )


class MandateList(Schema):
    """Newest first; a page may be short although more follow."""

    items = ma.fields.List(ma.fields.Nested(MandateItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class UseItem(Schema):
    """`by` did `what` `for`; looks are told once an hour."""

    id = ma.fields.UUID(required=True)
    act = ma.fields.String(required=True, validate=ma.validate.OneOf(list(uses.WORDS)))
    what = ma.fields.String(required=True)
    at = ma.fields.AwareDateTime(required=True)
    by = ma.fields.String(required=True, metadata={"description": "The holder, masked"})
    for_whom = ma.fields.String(
        required=True, data_key="for", metadata={"description": "The principal, masked"}
    )


class UseList(Schema):
    """Newest first."""

    items = ma.fields.List(ma.fields.Nested(UseItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class Member(Schema):
    """Somebody I may act for; the first is myself (`self`, no end)."""

    person_id = ma.fields.UUID(required=True)
    masked_name = ma.fields.String(required=True)
    relation = ma.fields.String(required=True)
    scopes = ma.fields.List(ma.fields.String(), required=True)
    until = ma.fields.Date(required=True, allow_none=True)
    guardian_as = ma.fields.String(
        required=True, allow_none=True, validate=ma.validate.OneOf(GUARDIANS)
    )


class MemberList(Schema):
    """Myself first."""

    items = ma.fields.List(ma.fields.Nested(Member), required=True)


@blueprint.route(
    "/mandates", methods=["POST"], policy="own request", level="real_name", idempotent="plain"
)
@blueprint.arguments(MandateRequest)
@blueprint.response(201, AskedMandate)
def ask_mandate(body: dict[str, Any]) -> dict[str, Any]:
    """Ask for a mandate. The answer is alike whether or not we know the person."""
    person = body["person"]
    principal = real_name.claim(**person)
    terms = Terms(body["relation"], tuple(body["scopes"]), body["until"])
    mandate = services.ask_mandate(session(), actor(), principal, terms)
    return {
        "id": mandate.id,
        "number": mandate.number,
        "person_id": None,
        "status": "pending",
    }


@blueprint.route(
    "/mandates", methods=["GET"], policy="mandates I hold or am asked for", level="real_name"
)
@blueprint.arguments(Page, location="query")
@blueprint.response(200, MandateList)
def list_mandates(query: dict[str, Any]) -> dict[str, Any]:
    """Mandates I hold, and those in which I am the one acted for."""
    before = pagination.decode_id(query.get("cursor"))
    page, then = queries.list_mandates(session(), actor(), before=before, limit=query["limit"])
    cursor = pagination.encode_id(then) if then else None
    return {"items": [_item(shown) for shown in page], "next_cursor": cursor}


@blueprint.route(
    "/mandates/<uuid:mandate_id>/accept",
    methods=["POST"],
    policy="mandate in my own name and number",
    level="real_name",
    idempotent="plain",
)
@blueprint.response(200, MandateItem)
@blueprint.alt_response(404, description="not asked of me")
def accept_mandate(mandate_id: uuid.UUID) -> dict[str, Any]:
    """Let the holder act for me."""
    return _item(services.accept_mandate(session(), actor(), mandate_id))


@blueprint.route(
    "/mandates/<uuid:mandate_id>/decline",
    methods=["POST"],
    policy="mandate in my own name and number",
    level="real_name",
    idempotent="plain",
)
@blueprint.response(200, MandateItem)
@blueprint.alt_response(404, description="not asked of me")
def decline_mandate(mandate_id: uuid.UUID) -> dict[str, Any]:
    """Do not let the holder act for me."""
    return _item(services.decline_mandate(session(), actor(), mandate_id))


@blueprint.route(
    "/mandates/<uuid:mandate_id>",
    methods=["DELETE"],
    policy="mandate I hold or am asked for",
    level="real_name",
)
@blueprint.response(204)
@blueprint.alt_response(404, description="neither side is mine")
def revoke_mandate(mandate_id: uuid.UUID) -> None:
    """End a mandate at once, from either side."""
    services.revoke_mandate(session(), actor(), mandate_id)


@blueprint.route(
    "/mandates/<uuid:mandate_id>/uses",
    methods=["GET"],
    policy="mandate I hold or am asked for",
    level="real_name",
)
@blueprint.arguments(Page, location="query")
@blueprint.response(200, UseList)
@blueprint.alt_response(404, description="neither side is mine")
def list_uses(query: dict[str, Any], mandate_id: uuid.UUID) -> dict[str, Any]:
    """What the holder did for the principal; both sides see the same."""
    before = pagination.decode_id(query.get("cursor"))
    page = uses.list_uses(session(), actor(), mandate_id, before, query["limit"])
    items = [
        {
            "id": use.id,
            "act": use.act,
            "what": uses.words(use.act, language()),
            "at": use.at,
            "by": page.holder,
            "for_whom": page.principal,
        }
        for use in page.uses
    ]
    cursor = pagination.encode_id(page.more) if page.more else None
    return {"items": items, "next_cursor": cursor}


@blueprint.route("/members", methods=["GET"], policy="own mandates", level="real_name")
@blueprint.response(200, MemberList)
def list_members() -> dict[str, Any]:
    """Myself, then everybody I may act for today."""
    return {"items": queries.list_members(session(), actor())}


def _item(shown: Shown) -> dict[str, Any]:
    mandate = shown.mandate
    return {
        "id": mandate.id,
        "number": mandate.number if shown.status == "pending" else None,
        "my_side": shown.side,
        "person_id": shown.person_id,
        "masked_name": shown.masked_name,
        "relation": mandate.relation,
        "scopes": mandate.scopes,
        "until": mandate.until,
        "status": shown.status,
        "accepted": mandate.accepted_at is not None,
        "ended_by": mandate.ended_by,
        "guardian_as": mandate.guardian_as,
        "confirmed_how": mandate.confirmed_how,
    }
