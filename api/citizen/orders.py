"""Orders: one payer pays one or more bills together."""

import uuid
from typing import Any

import marshmallow as ma
from flask import Response

from api import pagination
from api.blueprints import AudienceBlueprint
from api.citizen.bills import MaskedPerson, Money
from api.context import actor, session, world
from api.errors import problem
from api.schemas import Page, Schema
from app.core.errors import DomainError
from app.payments import ending, orders, placing, queries
from app.payments.providers.registry import providers

blueprint = AudienceBlueprint(
    "orders",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/orders",
    description="Paying",
)

STATUSES = ["awaiting_payment", "paid", "settled", "closed", "held"]
LINE_STATUSES = ["awaiting_payment", "paid", "settled", "closed", "refunding", "refunded"]
ATTEMPT_STATUSES = ["preparing", "open", "paid", "closed", "failed"]
MOST_BILLS = 20


class OrderRequest(Schema):
    """The bills to pay together."""

    bill_ids = ma.fields.List(
        ma.fields.UUID(),
        required=True,
        validate=ma.validate.Length(1, MOST_BILLS),
        metadata={"uniqueItems": True},
    )

    @ma.validates("bill_ids")
    def _each_once(self, value: list[uuid.UUID], **_: Any) -> None:
        if len(set(value)) != len(value):
            raise ma.ValidationError("每张缴费单只能出现一次。 Each bill once only.")


class LineAnswer(Schema):
    """One bill within the order."""

    bill_id = ma.fields.UUID(required=True)
    scheme = ma.fields.String(required=True)
    period = ma.fields.String(required=True)
    beneficiary = ma.fields.Nested(MaskedPerson, required=True)
    amount = ma.fields.Nested(Money, required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(LINE_STATUSES))


class AttemptAnswer(Schema):
    """One go at one provider."""

    id = ma.fields.UUID(required=True)
    provider = ma.fields.String(required=True)
    channel = ma.fields.String(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(ATTEMPT_STATUSES))
    out_trade_no = ma.fields.String(required=True)


class RefundAnswer(Schema):
    """Money on its way back; none so far."""


class OrderAnswer(Schema):
    """An order as its payer sees it."""

    id = ma.fields.UUID(required=True)
    number = ma.fields.String(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(STATUSES))
    amount = ma.fields.Nested(Money, required=True)
    payer = ma.fields.Nested(MaskedPerson, required=True)
    lines = ma.fields.List(ma.fields.Nested(LineAnswer), required=True)
    attempts = ma.fields.List(ma.fields.Nested(AttemptAnswer), required=True)
    refunds = ma.fields.List(ma.fields.Nested(RefundAnswer), required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    expires_at = ma.fields.AwareDateTime(
        required=True, metadata={"description": "Until when it waits for payment"}
    )
    paid_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class OrderList(Schema):
    """Newest first."""

    items = ma.fields.List(ma.fields.Nested(OrderAnswer), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


@blueprint.route(
    "",
    methods=["POST"],
    policy="own, mandated or granted bills",
    level="real_name",
    idempotent="money",
)
@blueprint.arguments(OrderRequest)
@blueprint.response(201, OrderAnswer)
@blueprint.alt_response(404, description="a bill is unknown, foreign or not payable now")
def place_order(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Place an order for bills. Needs an `Idempotency-Key`."""
    placed = placing.place_order(session(), actor(), body["bill_ids"])
    if isinstance(placed, DomainError):
        return problem(placed)
    return queries.show_order(session(), placed)


@blueprint.route("", methods=["GET"], policy="own orders", level="real_name")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, OrderList)
def list_orders(query: dict[str, Any]) -> dict[str, Any]:
    """My orders, newest first."""
    before, limit = pagination.decode_moment(query.get("cursor")), query["limit"]
    # One more than the page tells whether there is a next one.
    found = queries.list_orders(session(), actor(), before=before, limit=limit + 1)
    page = found[:limit]
    cursor = (
        pagination.encode_moment(page[-1].created_at, page[-1].id) if len(found) > limit else None
    )
    return {"items": queries.show_orders(session(), page), "next_cursor": cursor}


@blueprint.route("/<uuid:order_id>", methods=["GET"], policy="own order", level="real_name")
@blueprint.response(200, OrderAnswer)
@blueprint.alt_response(404, description="unknown, or somebody else's")
def show_order(order_id: uuid.UUID) -> dict[str, Any]:
    """One of my orders."""
    return queries.show_order(session(), orders.owned(session(), actor(), order_id))


@blueprint.route("/<uuid:order_id>/cancel", methods=["POST"], policy="own order", level="real_name")
@blueprint.response(200, OrderAnswer)
@blueprint.alt_response(404, description="unknown, or somebody else's")
@blueprint.alt_response(409, description="paid already, or being paid at this moment")
def cancel_order(order_id: uuid.UUID) -> dict[str, Any] | Response:
    """Give an order up; its bills are free again. May be repeated."""
    known = providers(world().core.settings)
    ended = ending.cancel(session(), known, actor(), order_id)
    return (
        problem(ended) if isinstance(ended, DomainError) else queries.show_order(session(), ended)
    )
