"""Organisations I stand for or operate, and whom they let act."""

import uuid
from typing import Any

import marshmallow as ma
from flask import Response

from api import pagination
from api.blueprints import AudienceBlueprint
from api.context import actor, session, world
from api.errors import problem
from api.schemas import Page, Schema, Text
from app.core.http import PartyUnavailable
from app.identity import real_name
from app.identity.documents import DOCUMENT_TYPES
from app.identity.organisations import operators, queries, services
from app.identity.organisations.models import SCOPES
from app.identity.organisations.operators import MANAGE, Terms
from app.identity.organisations.queries import Right

blueprint = AudienceBlueprint(
    "organisations",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/organisations",
    description="Organisations",
)

ROLES = ["legal_representative", "operator"]
STATUSES = ["pending", "active", "declined", "ended", "expired"]


class ActingAs(Schema):
    """The organisation a session acts for, and what it may do there."""

    organisation_id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    scopes = ma.fields.List(ma.fields.String(), required=True)


class OrganisationItem(Schema):
    """An organisation, and by what right I act for it."""

    id = ma.fields.UUID(required=True)
    uscc = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    as_of = ma.fields.AwareDateTime(
        required=True, metadata={"description": "When the business registry said so"}
    )
    role = ma.fields.String(required=True, validate=ma.validate.OneOf(ROLES))
    scopes = ma.fields.List(ma.fields.String(), required=True)
    until = ma.fields.Date(required=True, allow_none=True)
    operator_id = ma.fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "My authorisation, which I may end; null for who stands for it"},
    )


class OrganisationList(Schema):
    """All of them; there is never a next page."""

    items = ma.fields.List(ma.fields.Nested(OrganisationItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class ClaimRequest(Schema):
    """The unified social credit code of the organisation I am the legal representative of."""

    uscc = Text(18, required=True)


class OperatorPerson(Schema):
    """Somebody, as their document names them."""

    name = Text(50, required=True)
    document_type = Text(40, required=True, validate=ma.validate.OneOf(DOCUMENT_TYPES))
    document_number = Text(18, required=True)


class OperatorRequest(Schema):
    """Whom to let act, in what, and until when."""

    person = ma.fields.Nested(OperatorPerson, required=True)
    scopes = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(SCOPES)),
        required=True,
        validate=ma.validate.Length(1, len(SCOPES)),
    )
    until = ma.fields.Date(required=True, metadata={"description": "Last day, within three years"})


class OperatorItem(Schema):
    """An authorisation; whether such a person is known to us is not told before they accept."""

    id = ma.fields.UUID(required=True)
    masked_name = ma.fields.String(required=True)
    scopes = ma.fields.List(ma.fields.String(), required=True)
    until = ma.fields.Date(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(STATUSES))


class OperatorList(Schema):
    """Newest first."""

    items = ma.fields.List(ma.fields.Nested(OperatorItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class InvitationItem(OperatorItem):
    """An organisation wants me to act for it."""

    organisation_name = ma.fields.String(required=True)


class InvitationList(Schema):
    """All of them; there is never a next page."""

    items = ma.fields.List(ma.fields.Nested(InvitationItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


def acting_as(right: Right | None) -> dict[str, Any] | None:
    """`ActingAs`, or null for oneself."""
    if right is None:
        return None
    organisation = right.organisation
    scopes = sorted(right.scopes)
    return {"organisation_id": organisation.id, "name": organisation.name, "scopes": scopes}


@blueprint.route("", methods=["GET"], policy="rights of my own", level="real_name", acts_for="any")
@blueprint.response(200, OrganisationList)
def list_organisations() -> dict[str, Any]:
    """Organisations I may act for today."""
    rights = queries.my_rights(session(), actor())
    return {"items": [_item(right) for right in rights], "next_cursor": None}


@blueprint.route(
    "", methods=["POST"], policy="legal representative by the registry", level="real_name"
)
@blueprint.arguments(ClaimRequest)
@blueprint.response(201, OrganisationItem)
def claim_organisation(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Bring in the organisation I stand for, as the business registry confirms. Ten a day."""
    registry = world().business_registry
    right = services.claim_organisation(session(), registry, actor(), body["uscc"])
    return problem(right) if isinstance(right, PartyUnavailable) else _item(right)


@blueprint.route(
    "/invitations", methods=["GET"], policy="asked in my name and number", level="real_name"
)
@blueprint.response(200, InvitationList)
def list_invitations() -> dict[str, Any]:
    """Organisations that want me to act for them."""
    items = [
        {
            **queries.shown(session(), each.operator),
            "organisation_name": each.organisation.name,
        }
        for each in queries.my_invitations(session(), actor())
    ]
    return {"items": items, "next_cursor": None}


@blueprint.route(
    "/invitations/<uuid:invitation_id>/accept",
    methods=["POST"],
    policy="asked in my name and number",
    level="real_name",
    idempotent="plain",
)
@blueprint.response(200, OperatorItem)
@blueprint.alt_response(404, description="not asked of me")
def accept_invitation(invitation_id: uuid.UUID) -> dict[str, Any]:
    """Agree to act for the organisation."""
    row = operators.accept(session(), actor(), invitation_id)
    return queries.shown(session(), row)


@blueprint.route(
    "/invitations/<uuid:invitation_id>/decline",
    methods=["POST"],
    policy="asked in my name and number",
    level="real_name",
    idempotent="plain",
)
@blueprint.response(200, OperatorItem)
@blueprint.alt_response(404, description="not asked of me")
def decline_invitation(invitation_id: uuid.UUID) -> dict[str, Any]:
    """Do not act for the organisation."""
    row = operators.decline(session(), actor(), invitation_id)
    return queries.shown(session(), row)


@blueprint.route(
    "/<uuid:organisation_id>",
    methods=["GET"],
    policy="organisation I stand for or operate",
    level="real_name",
    acts_for="organisation",
)
@blueprint.response(200, OrganisationItem)
@blueprint.alt_response(404, description="none I may act for")
def show_organisation(organisation_id: uuid.UUID) -> dict[str, Any]:
    """One organisation and my right at it."""
    return _item(queries.right_to(session(), actor(), organisation_id))


@blueprint.route(
    "/<uuid:organisation_id>/operators",
    methods=["GET"],
    policy="right to manage its operators",
    level="real_name",
    acts_for="organisation",
)
@blueprint.arguments(Page, location="query")
@blueprint.response(200, OperatorList)
@blueprint.alt_response(404, description="none I may act for")
def list_operators(query: dict[str, Any], organisation_id: uuid.UUID) -> dict[str, Any]:
    """Whom the organisation lets act, and let act before."""
    queries.right_to(session(), actor(), organisation_id, MANAGE)
    before = pagination.decode_id(query.get("cursor"))
    rows, then = queries.list_operators(
        session(), organisation_id, before=before, limit=query["limit"]
    )
    items = [queries.shown(session(), row) for row in rows]
    return {"items": items, "next_cursor": pagination.encode_id(then) if then else None}


@blueprint.route(
    "/<uuid:organisation_id>/operators",
    methods=["POST"],
    policy="right to manage its operators",
    level="real_name",
    idempotent="plain",
    acts_for="organisation",
)
@blueprint.arguments(OperatorRequest)
@blueprint.response(201, OperatorItem)
@blueprint.alt_response(404, description="none I may act for")
def add_operator(body: dict[str, Any], organisation_id: uuid.UUID) -> dict[str, Any]:
    """Ask somebody to act for it. The answer is alike whether or not we know the person."""
    person = real_name.claim(**body["person"])
    terms = Terms(tuple(body["scopes"]), body["until"])
    row = operators.add_operator(session(), actor(), organisation_id, person, terms)
    return queries.shown(session(), row)


@blueprint.route(
    "/<uuid:organisation_id>/operators/<uuid:operator_id>",
    methods=["DELETE"],
    policy="right to manage its operators, or my own authorisation",
    level="real_name",
    acts_for="organisation",
)
@blueprint.response(204)
@blueprint.alt_response(404, description="neither mine nor of an organisation I manage")
def end_operator(organisation_id: uuid.UUID, operator_id: uuid.UUID) -> None:
    """End an authorisation at once, from either side."""
    operators.end_operator(session(), actor(), organisation_id, operator_id)


def _item(right: Right) -> dict[str, Any]:
    organisation = right.organisation
    fields = ("id", "uscc", "name", "kind", "status", "as_of")
    return {
        **{field: getattr(organisation, field) for field in fields},
        "role": right.role,
        "scopes": sorted(right.scopes),
        "until": right.until,
        "operator_id": right.operator_id,
    }
