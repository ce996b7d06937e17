"""Receipts: what was paid, by me or for me."""

from typing import Any

import marshmallow as ma

from api import pagination
from api.blueprints import AudienceBlueprint
from api.citizen.bills import MaskedPerson, Money
from api.context import actor, session
from api.schemas import Page, Schema
from app.payments import queries

blueprint = AudienceBlueprint(
    "receipts",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/receipts",
    description="Paying",
)


class ReceiptAnswer(Schema):
    """One proof of payment (缴费凭证)."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.String(required=True)
    audience = ma.fields.String(required=True, validate=ma.validate.OneOf(["payer", "beneficiary"]))
    scheme = ma.fields.String(required=True)
    period = ma.fields.String(required=True)
    amount = ma.fields.Nested(Money, required=True)
    beneficiary = ma.fields.Nested(MaskedPerson, required=True)
    issued_at = ma.fields.AwareDateTime(required=True)


class ReceiptList(Schema):
    """Newest first."""

    items = ma.fields.List(ma.fields.Nested(ReceiptAnswer), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


@blueprint.route("", methods=["GET"], policy="own receipts", level="real_name")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, ReceiptList)
def list_receipts(query: dict[str, Any]) -> dict[str, Any]:
    """My receipts."""
    limit = query["limit"]
    after = pagination.decode_id(query.get("cursor"))
    found = queries.list_receipts(session(), actor(), after=after, limit=limit + 1)
    page = found[:limit]
    more = len(found) > limit
    return {
        "items": page,
        "next_cursor": pagination.encode_id(page[-1]["id"]) if more else None,
    }
