"""Staff signing in: password, second factor; refreshing and signing out."""

from typing import Any

import marshmallow as ma
from flask import Response, request

from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.errors import problem
from api.officer.passkeys import Credential
from api.origins import demand_own_origin, set_cookie
from api.schemas import Schema, Text
from app.identity.errors import TokenRefused
from app.identity.sessions import Refused
from app.identity.staff import second_factor, sessions, signing_in
from app.identity.staff.sessions import OfficerGranted
from app.identity.tokens import ACCESS_LIFE

PATH = "/api/v1/officer/sessions"
COOKIE = "huiban_officer_refresh"

blueprint = AudienceBlueprint(
    "officer_sessions",
    __name__,
    audience="officer",
    url_prefix=PATH,
    description="Officers",
)


class OfficerLogin(Schema):
    """Login and password. `device_id`: a random name the client keeps; once it has signed in, its
    tries are counted by themselves, so that strangers cannot keep its owner out."""

    login = Text(64, required=True)
    password = Text(128, required=True)
    device_id = Text(64, load_default=None)


class Enrolment(Schema):
    """What an authenticator app needs; shown at the first sign-in only."""

    totp_secret = ma.fields.String(required=True)
    otpauth_uri = ma.fields.String(required=True)


class Challenge(Schema):
    """The password was right. `must_change`: the second step needs `new_password` too."""

    challenge = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(required=True, metadata={"description": "seconds"})
    must_change = ma.fields.Boolean(required=True)
    enrolment = ma.fields.Nested(Enrolment, required=True, allow_none=True)
    passkey = ma.fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "PublicKeyCredentialRequestOptions, where there are passkeys"},
    )


class SecondFactor(Schema):
    """The challenge, and a one-time password or what a passkey answered (exactly one of them).
    `browser`: the refresh token becomes a cookie."""

    challenge = Text(64, required=True)
    otp = Text(6, load_default=None, validate=ma.validate.Regexp(r"[0-9]{6}\Z"))
    passkey = Credential(load_default=None)
    new_password = Text(128, load_default=None)
    browser = ma.fields.Boolean(load_default=False)

    @ma.validates_schema
    def _exactly_one(self, data: dict[str, Any], **_: Any) -> None:
        if (data.get("otp") is None) == (data.get("passkey") is None):
            raise ma.ValidationError("otp 与 passkey 须且只能填一项。 Exactly one of them.", "otp")


class OfficerRefresh(Schema):
    """The refresh token; in a browser it comes as cookie instead."""

    refresh_token = Text(200, load_default=None)


class OfficerSessionAnswer(Schema):
    """Tokens of an open session. `refresh_token` is null where the cookie carries it."""

    access_token = ma.fields.String(required=True)
    token_type = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(required=True, metadata={"description": "seconds"})
    refresh_token = ma.fields.String(required=True, allow_none=True)
    officer = ma.fields.Nested({"id": ma.fields.UUID(required=True)}, required=True)


@blueprint.route("", methods=["POST"], level="anonymous", policy="whoever has the password")
@blueprint.arguments(OfficerLogin)
@blueprint.response(200, Challenge)
@blueprint.alt_response(401, description="`login_refused`: one answer, whatever was wrong")
def begin(body: dict[str, Any]) -> dict[str, Any] | Response:
    """First step: login and password. Unknown and known logins are refused alike."""
    attempt = signing_in.Attempt(**body, address=request.remote_addr or "unknown")
    outcome = signing_in.check_password(session(), attempt)
    if isinstance(outcome, Refused):
        return problem(outcome.error)
    secret = outcome.totp_secret
    enrolment = secret and {
        "totp_secret": secret,
        "otpauth_uri": second_factor.address(outcome.login, secret),
    }
    return {
        "challenge": outcome.challenge,
        "expires_in": int(signing_in.LIFE.total_seconds()),
        "must_change": outcome.must_change,
        "enrolment": enrolment,
        "passkey": outcome.passkey,
    }


@blueprint.route(
    "/second-factor", methods=["POST"], level="anonymous", policy="the challenge's officer"
)
@blueprint.arguments(SecondFactor)
@blueprint.response(201, OfficerSessionAnswer)
@blueprint.alt_response(401, description="`login_refused`: one answer, whatever was wrong")
@blueprint.alt_response(403, description="`browser` from a page that is not ours")
def answer_challenge(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Second step: a one-time password, each good once, or a passkey."""
    if body["browser"]:
        demand_own_origin()
    return answer(signing_in.check_second_factor(session(), signing_in.Answered(**body)))


@blueprint.route("/refresh", methods=["POST"], level="anonymous", policy="token's session")
@blueprint.arguments(OfficerRefresh)
@blueprint.response(200, OfficerSessionAnswer)
@blueprint.alt_response(401, description="the session is over")
@blueprint.alt_response(403, description="from a page that is not ours")
def refresh(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Exchange the refresh token for its successor; the same successor again within 30 s."""
    text = body["refresh_token"]
    if text is None:
        demand_own_origin()
        text = request.cookies.get(COOKIE)
    if not text:
        raise TokenRefused
    outcome = sessions.refresh(session(), text)
    if isinstance(outcome, OfficerGranted) and outcome.browser:
        demand_own_origin()
    return answer(outcome)


@blueprint.route("/current", methods=["DELETE"], roles=(), policy="own session")
@blueprint.response(204)
def sign_out() -> None:
    """Sign out."""
    sessions.sign_out(session(), actor())
    set_cookie(COOKIE, "", PATH, sessions.LONGEST)


def answer(outcome: OfficerGranted | Refused) -> dict[str, Any] | Response:
    """The tokens of an opened or continued session, or its refusal."""
    if isinstance(outcome, Refused):
        return problem(outcome.error)
    if outcome.browser:
        set_cookie(COOKIE, outcome.refresh_token, PATH, sessions.LONGEST)
    return {
        "access_token": outcome.access_token,
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE,
        "refresh_token": None if outcome.browser else outcome.refresh_token,
        "officer": {"id": outcome.officer_id},
    }
