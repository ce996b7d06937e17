"""Bills: mine, those of people who let me pay, and pay-only look-up by name and number."""

from typing import Any

import marshmallow as ma
from flask import Response

from api.blueprints import AudienceBlueprint
from api.context import actor, session, world
from api.errors import problem
from api.schemas import Schema, Text
from app.core.http import PartyUnavailable
from app.identity import real_name
from app.identity.documents import DOCUMENT_TYPES
from app.payments import bills, lookups, queries
from app.payments.lookups import Wanted

blueprint = AudienceBlueprint(
    "bills",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/bills",
    description="Paying",
)

STATUSES = ["payable", "paid", "expired"]


class Money(Schema):
    """Whole fen."""

    amount = ma.fields.Integer(required=True, metadata={"description": "fen"})
    currency = ma.fields.String(required=True)


class MaskedPerson(Schema):
    """All a payer is shown of the insured person."""

    masked_name = ma.fields.String(required=True)


class Beneficiary(MaskedPerson):
    """Myself, or who gave me a mandate."""

    person_id = ma.fields.UUID(required=True, allow_none=True)


class FoundBill(Schema):
    """What a look-up shows, and no more."""

    id = ma.fields.UUID(required=True)
    scheme = ma.fields.String(required=True)
    period = ma.fields.String(required=True)
    amount = ma.fields.Nested(Money, required=True)
    beneficiary = ma.fields.Nested(MaskedPerson, required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(STATUSES))


class BillItem(FoundBill):
    """A bill of mine or of a mandate's."""

    beneficiary = ma.fields.Nested(Beneficiary, required=True)


class FoundList(Schema):
    """Empty for a wrong name, an unknown number and nothing to pay alike."""

    items = ma.fields.List(ma.fields.Nested(FoundBill), required=True)


class BillList(Schema):
    """All of them; there is never a next page."""

    items = ma.fields.List(ma.fields.Nested(BillItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class BillQuery(Schema):
    """Whose bills: mine when left out."""

    beneficiary_id = ma.fields.UUID(load_default=None)


class LookupRequest(Schema):
    """Name and document exactly as printed on it."""

    name = Text(50, required=True)
    document_type = Text(40, required=True, validate=ma.validate.OneOf(DOCUMENT_TYPES))
    document_number = Text(18, required=True)
    scheme = ma.fields.String(required=True, validate=ma.validate.OneOf(list(bills.SCHEMES)))


@blueprint.route(
    "", methods=["GET"], policy="own bills, or a living mandate to pay", level="real_name"
)
@blueprint.arguments(BillQuery, location="query")
@blueprint.response(200, BillList)
@blueprint.alt_response(404, description="neither mine nor of a mandate to pay")
def list_bills(query: dict[str, Any]) -> dict[str, Any]:
    """What the department asks of me, or of somebody I may pay for."""
    department, whose = world().medical_insurance, query["beneficiary_id"]
    found = bills.list_bills(session(), department, actor(), whose)
    return {"items": queries.show_bills(session(), found), "next_cursor": None}


@blueprint.route(
    "/lookup", methods=["POST"], policy="exact name and number, limited", level="real_name"
)
@blueprint.arguments(LookupRequest)
@blueprint.response(200, FoundList)
def look_up(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Find somebody's bill in order to pay it: 10 a payer and day, 5 a number and day."""
    person = real_name.claim(body["name"], body["document_number"], body["document_type"])
    wanted = Wanted(person, body["scheme"])
    found = lookups.look_up(session(), world().medical_insurance, actor(), wanted)
    if isinstance(found, PartyUnavailable):
        return problem(found)
    return {"items": queries.show_found(session(), found)}
