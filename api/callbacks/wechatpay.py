"""WeChat Pay's notifies. Only the status counts for WeChat; a failure also says so in JSON."""

from typing import Any

import structlog
from flask import Response, current_app, json, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from api.blueprints import AudienceBlueprint
from api.context import session, world
from api.errors import STATUS
from app.core.errors import DomainError
from app.payments import callbacks
from app.payments.providers.registry import providers

log = structlog.get_logger()

PROVIDER = "wechatpay"
POLICY = "the provider's signature, then merchant, app, order, amount, currency"

blueprint = AudienceBlueprint(
    "wechatpay_callbacks",
    __name__,
    audience="callbacks",
    url_prefix="/callbacks/wechatpay",
    description="Callbacks",
)


@blueprint.route("", methods=["POST"], policy=POLICY)
@blueprint.response(204)
@blueprint.alt_response(401, description="not verified")
def hear_first_merchant() -> Any:
    """A notify to the first of our merchants."""
    return _hear(None)


@blueprint.route("/<string:merchant_ref>", methods=["POST"], policy=POLICY)
@blueprint.response(204)
@blueprint.alt_response(401, description="not verified")
def hear_merchant(merchant_ref: str) -> Any:
    """A notify to the merchant named in the address."""
    return _hear(merchant_ref)


def _hear(merchant_ref: str | None) -> Response:
    provider = providers(world().core.settings)[PROVIDER]
    heard = callbacks.hear(
        session(), provider, merchant_ref, dict(request.headers), request.get_data()
    )
    if heard.outcome == "mismatch":
        # Stored with this answer's commit; WeChat shall go on telling until a person has looked.
        return _fail(400, "mismatch")
    return Response(status=204)


@blueprint.errorhandler(Exception)
def fail(error: Exception) -> Response:
    """Whatever went wrong, WeChat is told in its own form and comes again."""
    if isinstance(error, RequestEntityTooLarge):
        callbacks.refuse(PROVIDER, "too_large")
    status = _status(error)
    if status >= 500:
        log.error("callback_failed", party=PROVIDER, error=type(error).__name__)
    return _fail(status, getattr(error, "code", None) if status < 500 else None)


def _status(error: Exception) -> int:
    if isinstance(error, DomainError):
        return next(status for kind, status in STATUS if isinstance(error, kind))
    if isinstance(error, HTTPException):
        return error.code or 500
    return 503 if isinstance(error, DBAPIError | PoolTimeout) else 500


def _fail(status: int, message: object) -> Response:
    body = json.dumps({"code": "FAIL", "message": str(message or "unavailable")})
    return current_app.response_class(body, status=status, mimetype="application/json")
