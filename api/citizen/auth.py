"""Signing in and out: codes, sessions, devices, the mini-program."""

import uuid
from typing import Any, cast

import marshmallow as ma
from flask import Response, request

from api.blueprints import AudienceBlueprint
from api.citizen.signing_in import (
    COOKIE_PATH,
    COOKIES,
    DeviceInput,
    SessionAnswer,
    Use,
    answer,
    device_of,
    phone_of,
)
from api.context import actor, session, world
from api.origins import demand_own_origin, set_cookie
from api.schemas import Schema, Text
from app.identity import login_codes, sessions
from app.identity.errors import TokenRefused
from app.identity.login_codes import Asker, Guess
from app.identity.miniprogram import sign_in_by_wechat
from app.identity.sessions import Granted

blueprint = AudienceBlueprint(
    "auth", __name__, audience="citizen", url_prefix="/api/v1/auth", description="One login"
)

#: What WeChat's codes are made of.
CODE_FORM = r"[0-9A-Za-z_=+/-]+\Z"
#: Codes handed to WeChat a minute and address: somebody else's junk must not use up our place.
PER_ADDRESS_WECHAT = 600


class CodeRequest(Schema):
    """Where to send a code. `device_id`: as in `device.id`; a device that has signed in before has
    limits of its own."""

    phone = Text(20, required=True)
    purpose = Text(20, required=True, validate=ma.validate.OneOf(login_codes.PURPOSES))
    device_id = Text(64, load_default=None)


class CodeSent(Schema):
    """Seconds the code is good for, and until another may be asked for."""

    expires_in = ma.fields.Integer(required=True)
    retry_after = ma.fields.Integer(required=True)


class SessionRequest(Schema):
    """A phone, the code sent to it, the device, and what for: with `verifier` the session may check
    codes and nothing else, and ends after eight hours. `work`: only after a refusal with the code
    `proof_of_work_required`, `task:nonce` whose SHA-256 begins with `bits` zero bits."""

    phone = Text(20, required=True)
    code = Text(6, required=True, validate=ma.validate.Regexp(r"[0-9]{6}\Z"))
    device = ma.fields.Nested(DeviceInput, required=True)
    use = Use()
    work = Text(120, load_default=None)


class MiniprogramRequest(Schema):
    """Codes from `wx.login` and, the first time, from the phone number button."""

    login_code = Text(128, required=True, validate=ma.validate.Regexp(CODE_FORM))
    phone_code = Text(128, load_default=None, validate=ma.validate.Regexp(CODE_FORM))


class RefreshRequest(Schema):
    """The refresh token; on the web it comes as cookie instead, that of the
    session for `use`. `proof`: from a device that gave its key,
    a compact JWS (ES256, typ `huiban-refresh+jwt`) of `{"rth": base64url(SHA-256(refresh_token))}`."""

    refresh_token = Text(200, load_default=None)
    proof = Text(1_000, load_default=None)
    use = Use()


class SignedInDevice(Schema):
    """One of my devices."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    platform = ma.fields.String(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    last_used_at = ma.fields.AwareDateTime(required=True)
    current = ma.fields.Boolean(required=True)


class SignedInDevices(Schema):
    """My devices, latest used first."""

    items = ma.fields.List(ma.fields.Nested(SignedInDevice), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


@blueprint.route("/codes", methods=["POST"], level="anonymous", policy="anybody; by phone limits")
@blueprint.arguments(CodeRequest)
@blueprint.response(202, CodeSent)
def request_code(body: dict[str, Any]) -> dict[str, int]:
    """Send a one-time code by SMS. Known and unknown phones are answered alike."""
    address = request.remote_addr or "unknown"
    asker = Asker(phone_of(body["phone"]), address, body["device_id"])
    login_codes.request_code(session(), body["purpose"], asker)
    return {
        "expires_in": int(login_codes.LIFE.total_seconds()),
        "retry_after": int(login_codes.PAUSE.total_seconds()),
    }


@blueprint.route("/sessions", methods=["POST"], level="anonymous", policy="whoever has the code")
@blueprint.arguments(SessionRequest)
@blueprint.response(201, SessionAnswer)
@blueprint.alt_response(401, description="`login_refused`: one answer, whatever was wrong")
@blueprint.alt_response(403, description="`h5` from a page that is not ours")
def open_session(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Sign in with the code just received."""
    device = device_of(body["device"], body["use"])
    guess = Guess(phone_of(body["phone"]), body["code"], body["work"])
    return answer(login_codes.sign_in(session(), guess, device))


@blueprint.route(
    "/miniprogram/wechat", methods=["POST"], level="anonymous", policy="WeChat vouches"
)
@blueprint.arguments(MiniprogramRequest)
@blueprint.response(201, SessionAnswer)
def open_wechat_session(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Sign in from the WeChat mini-program."""
    address = request.remote_addr or "unknown"
    session().core.first_line.check("wechat", address, PER_ADDRESS_WECHAT)
    return answer(sign_in_by_wechat(session(), world().wechat, **body))


@blueprint.route("/sessions/refresh", methods=["POST"], level="anonymous", policy="token's family")
@blueprint.arguments(RefreshRequest)
@blueprint.response(200, SessionAnswer)
@blueprint.alt_response(401, description="the session is over")
@blueprint.alt_response(403, description="`h5` from a page that is not ours")
def refresh(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Exchange the refresh token for its successor; the same successor again within 30 s."""
    text = body["refresh_token"]
    if text is None:
        demand_own_origin()
        text = request.cookies.get(COOKIES[body["use"]])
    if not text:
        raise TokenRefused
    outcome = sessions.refresh(session(), text, body["proof"])
    if isinstance(outcome, Granted) and outcome.platform == "h5":
        demand_own_origin()
    return answer(outcome)


@blueprint.route("/sessions", methods=["GET"], policy="own sessions", acts_for="any")
@blueprint.response(200, SignedInDevices)
def list_sessions() -> dict[str, Any]:
    """My signed-in devices."""
    families = sessions.open_families(session(), actor())
    items = [
        {
            "id": family.id,
            "name": sessions.device_name(session(), family),
            "platform": family.platform,
            "created_at": family.created_at,
            "last_used_at": family.rotated_at,
            "current": family.id == actor().session_id,
        }
        for family in families
    ]
    return {"items": items, "next_cursor": None}


@blueprint.route(
    "/sessions/current",
    methods=["DELETE"],
    policy="own session",
    at_doors=True,
    acts_for="any",
    before_proof=True,
)
@blueprint.response(204)
def sign_out() -> None:
    """Sign out here."""
    sessions.end_session(session(), actor(), cast(uuid.UUID, actor().session_id))
    set_cookie(COOKIES[actor().use], "", COOKIE_PATH, sessions.IDLE_LIFE)


@blueprint.route(
    "/sessions/<uuid:family_id>", methods=["DELETE"], policy="own session", acts_for="any"
)
@blueprint.response(204)
def sign_out_device(family_id: uuid.UUID) -> None:
    """Sign another of my devices out."""
    sessions.end_session(session(), actor(), family_id)
