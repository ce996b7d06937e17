"""Ways in that somebody else vouches for: Alipay, the carrier, my own signed-in phone."""

import uuid
from typing import Any

import marshmallow as ma
from flask import Response, jsonify, request

from api.blueprints import AudienceBlueprint
from api.citizen.signing_in import DeviceInput, SessionAnswer, answer, device_of
from api.context import actor, session, world
from api.errors import problem
from api.schemas import Schema, Text
from app.identity.ways import alipay, one_tap, scan_login
from app.identity.ways.scan_login import Waiting

blueprint = AudienceBlueprint(
    "ways", __name__, audience="citizen", url_prefix="/api/v1/auth", description="One login"
)

#: Codes handed to a party a minute and address: somebody else's junk must not use up our place.
PER_ADDRESS = 600
#: What Alipay's codes are made of.
CODE_FORM = r"[0-9A-Za-z_=+/-]+\Z"


class AlipayRequest(Schema):
    """The code of `my.getAuthCode` and, the first time, the `response` of `my.getPhoneNumber` as it
    came."""

    login_code = Text(128, required=True, validate=ma.validate.Regexp(CODE_FORM))
    phone_code = Text(4_000, load_default=None)


class OneTapRequest(Schema):
    """What the provider's SDK on the phone was given."""

    provider = Text(10, required=True, validate=ma.validate.OneOf(["aliyun"]))
    token = Text(1_000, required=True)
    device = ma.fields.Nested(DeviceInput, required=True)


class ScanClient(Schema):
    """What waits: the name it gives itself, and its kind."""

    name = Text(40, required=True)
    kind = Text(10, required=True, validate=ma.validate.OneOf(["web", "kiosk"]))


class ScanLoginRequest(Schema):
    """Who asks to be let in."""

    client = ma.fields.Nested(ScanClient, required=True)


class ScanLoginStarted(Schema):
    """Show `qr` as a QR code and `number` beside it; keep `poll_secret` to yourself."""

    id = ma.fields.UUID(required=True)
    qr = ma.fields.String(required=True)
    number = ma.fields.String(required=True)
    poll_secret = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(required=True, metadata={"description": "seconds"})


class ScanLoginShown(Schema):
    """What waits and where. Ask which of `numbers` is on the screen; warn where `same_network` is
    false."""

    id = ma.fields.UUID(required=True)
    client = ma.fields.Nested(ScanClient, required=True)
    network = ma.fields.String(required=True)
    same_network = ma.fields.Boolean(required=True)
    numbers = ma.fields.List(ma.fields.String(), required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    expires_at = ma.fields.AwareDateTime(required=True)


class ScanLoginConfirmation(Schema):
    """The number on the screen. A wrong one declines the sign-in."""

    number = Text(2, required=True, validate=ma.validate.Regexp(r"[0-9]{2}\Z"))


class ScanLoginClaim(Schema):
    """The secret that came with the QR code, and the device that is to be signed in."""

    poll_secret = Text(64, required=True)
    device = ma.fields.Nested(DeviceInput, required=True)


class ScanLoginWaiting(Schema):
    """Nobody has answered yet: ask again in two seconds."""

    status = ma.fields.String(required=True)


@blueprint.route(
    "/miniprogram/alipay", methods=["POST"], level="anonymous", policy="Alipay vouches"
)
@blueprint.arguments(AlipayRequest)
@blueprint.response(201, SessionAnswer)
def open_alipay_session(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Sign in from the Alipay mini-program."""
    session().core.first_line.check("alipay", _address(), PER_ADDRESS)
    return answer(alipay.sign_in(session(), world().alipay, **body))


@blueprint.route("/one-tap", methods=["POST"], level="anonymous", policy="the carrier vouches")
@blueprint.arguments(OneTapRequest)
@blueprint.response(201, SessionAnswer)
@blueprint.alt_response(403, description="`h5` from a page that is not ours")
def open_one_tap_session(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Sign in with the number of this very phone, without a code."""
    session().core.first_line.check("one_tap", _address(), PER_ADDRESS)
    device = device_of(body["device"])
    return answer(one_tap.sign_in(session(), world().one_tap, body["token"], device))


@blueprint.route("/scan-logins", methods=["POST"], level="anonymous", policy="anybody; by limits")
@blueprint.arguments(ScanLoginRequest)
@blueprint.response(201, ScanLoginStarted)
def start_scan_login(body: dict[str, Any]) -> dict[str, Any]:
    """Begin a sign-in that a signed-in phone is to confirm."""
    client = body["client"]
    started = scan_login.start(session(), client["name"], client["kind"], _address())
    page = f"{world().core.settings.public_url}/app/#/scan-login"
    return {
        "id": started.scan_id,
        "qr": f"{page}?id={started.scan_id}",
        "number": started.number,
        "poll_secret": started.secret,
        "expires_in": int(scan_login.LIFE.total_seconds()),
    }


@blueprint.route("/scan-logins/<uuid:scan_id>", methods=["GET"], policy="whoever scanned it")
@blueprint.response(200, ScanLoginShown)
def show_scan_login(scan_id: uuid.UUID) -> dict[str, Any]:
    """What asks to be let in, and from where."""
    shown = scan_login.show(session(), actor(), scan_id, _address())
    return {
        "id": shown.row.id,
        "client": {"name": shown.client_name, "kind": shown.row.client_kind},
        "network": shown.network,
        "same_network": shown.same_network,
        "numbers": shown.row.numbers.split(),
        "created_at": shown.row.created_at,
        "expires_at": shown.row.expires_at,
    }


@blueprint.route(
    "/scan-logins/<uuid:scan_id>/confirm", methods=["POST"], policy="whoever scanned it"
)
@blueprint.arguments(ScanLoginConfirmation)
@blueprint.response(204)
def confirm_scan_login(body: dict[str, Any], scan_id: uuid.UUID) -> Response | None:
    """Let it in as me."""
    refused = scan_login.confirm(session(), actor(), scan_id, body["number"])
    return problem(refused.error) if refused else None


@blueprint.route(
    "/scan-logins/<uuid:scan_id>/decline", methods=["POST"], policy="whoever scanned it"
)
@blueprint.response(204)
def decline_scan_login(scan_id: uuid.UUID) -> None:
    """Do not let it in."""
    scan_login.decline(session(), actor(), scan_id)


@blueprint.route(
    "/scan-logins/<uuid:scan_id>/claim", methods=["POST"], level="anonymous", policy="its secret"
)
@blueprint.arguments(ScanLoginClaim)
@blueprint.response(201, SessionAnswer)
@blueprint.alt_response(403, description="`h5` from a page that is not ours")
@blueprint.alt_response(202, schema=ScanLoginWaiting, description="not answered yet")
@blueprint.alt_response(410, description="expired, declined or used")
def claim_scan_login(body: dict[str, Any], scan_id: uuid.UUID) -> dict[str, Any] | Response:
    """The session, once the phone has said yes."""
    device = device_of(body["device"])
    outcome = scan_login.claim(session(), scan_id, body["poll_secret"], device)
    if isinstance(outcome, Waiting):
        waiting = jsonify({"status": "waiting"})
        waiting.status_code = 202
        return waiting
    return answer(outcome)


def _address() -> str:
    return request.remote_addr or "unknown"
