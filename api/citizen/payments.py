"""Paying an order."""

import uuid
from typing import Any

import marshmallow as ma
from flask import Response, request

from api.blueprints import AudienceBlueprint
from api.context import actor, session, world
from api.errors import problem
from api.schemas import Schema
from app.core.errors import DomainError
from app.payments import attempts
from app.payments.providers.base import CHANNELS
from app.payments.providers.registry import NAMES, providers

blueprint = AudienceBlueprint(
    "payments", __name__, audience="citizen", url_prefix="/api/v1/orders", description="Paying"
)


class PaymentRequest(Schema):
    """By whom, and where the payer is."""

    provider = ma.fields.String(required=True, validate=ma.validate.OneOf(NAMES))
    channel = ma.fields.String(required=True, validate=ma.validate.OneOf(CHANNELS))


class PaymentAnswer(Schema):
    """An open payment."""

    attempt_id = ma.fields.UUID(required=True)
    out_trade_no = ma.fields.String(required=True)
    client_params = ma.fields.Dict(
        required=True,
        metadata={
            "description": "For the provider's own software: signed fields, `h5_url` or `code_url`"
        },
    )


@blueprint.route(
    "/<uuid:order_id>/payments", methods=["POST"], policy="own order", level="real_name"
)
@blueprint.arguments(PaymentRequest)
@blueprint.response(201, PaymentAnswer)
@blueprint.alt_response(404, description="not my order")
@blueprint.alt_response(409, description="not open, or another payment of it is running")
def start_payment(body: dict[str, Any], order_id: uuid.UUID) -> attempts.Started | Response:
    """Begin to pay; repeated while open it answers the same payment."""
    wish = attempts.Wish(body["provider"], body["channel"], request.remote_addr or "127.0.0.1")
    known = providers(world().core.settings)
    started = attempts.start(session(), known, actor(), order_id, wish)
    return problem(started) if isinstance(started, DomainError) else started
