"""What all ways of signing in share at the edge: the device that comes, the tokens that go."""

from typing import Any

import marshmallow as ma
from flask import Response

from api.errors import problem
from api.origins import demand_own_origin, set_cookie
from api.schemas import Schema, Text
from app.core.errors import InvalidInput
from app.core.types import SessionUse
from app.identity import device_keys, phones, sessions
from app.identity.sessions import Device, Granted, Refused
from app.identity.tokens import ACCESS_LIFE

#: One for each use: a browser may hold a resident's session and a door's side by side.
COOKIES: dict[SessionUse, str] = {"citizen": "huiban_refresh", "verifier": "huiban_door"}
COOKIE_PATH = "/api/v1/auth"
PLATFORMS = ["ios", "android", "h5", "wechat", "alipay"]


class Use(ma.fields.String):
    """What a session is for."""

    def __init__(self) -> None:
        super().__init__(load_default="citizen", validate=ma.validate.OneOf(list(COOKIES)))


class DeviceInput(Schema):
    """The device that signs in. `public_key`: its P-256 key (SubjectPublicKeyInfo, DER in base64),
    where it has one; each refresh must then carry a `proof`. Not with `h5`, whose token is a cookie."""

    id = Text(64, required=True)
    name = Text(64, required=True)
    platform = Text(10, required=True, validate=ma.validate.OneOf(PLATFORMS))
    public_key = Text(500, load_default=None)


class Citizen(Schema):
    """Who is signed in and how well we know them."""

    id = ma.fields.UUID(required=True)
    level = ma.fields.String(required=True)
    organisation_id = ma.fields.UUID(
        required=True, allow_none=True, metadata={"description": "For which this session acts"}
    )


class SessionAnswer(Schema):
    """Tokens of an open session. `refresh_token` is null where the cookie carries it; `ends_at` where
    use prolongs the session."""

    access_token = ma.fields.String(required=True)
    token_type = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(required=True, metadata={"description": "seconds"})
    refresh_token = ma.fields.String(required=True, allow_none=True)
    ends_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    citizen = ma.fields.Nested(Citizen, required=True)
    closure_withdrawn = ma.fields.Boolean(
        required=True,
        metadata={"description": "The account waited to be closed; this sign-in took that back"},
    )


def answer(outcome: Granted | Refused) -> dict[str, Any] | Response:
    """Tokens of the session that was opened, or the refusal."""
    if isinstance(outcome, Refused):
        return problem(outcome.error)
    by_cookie = outcome.platform == "h5"
    if by_cookie:
        name = COOKIES[outcome.use]
        set_cookie(name, outcome.refresh_token, COOKIE_PATH, sessions.IDLE_LIFE)
    return {
        "access_token": outcome.access_token,
        "token_type": "Bearer",
        "expires_in": ACCESS_LIFE,
        "refresh_token": None if by_cookie else outcome.refresh_token,
        "ends_at": outcome.ends_at,
        "citizen": {
            "id": outcome.account_id,
            "level": outcome.level,
            "organisation_id": outcome.organisation_id,
        },
        "closure_withdrawn": outcome.closure_withdrawn,
    }


def device_of(given: dict[str, Any], use: SessionUse = "citizen") -> Device:
    """The device somebody signs in with. A browser must come from our own pages."""
    if given["platform"] == "h5":
        demand_own_origin()
    given = {**given, "use": use}
    if given["public_key"] is None:
        return Device(**given)
    key = None if given["platform"] == "h5" else device_keys.normalise(given["public_key"])
    if key is None:
        message = "设备公钥须为 P-256, 网页不使用。 A P-256 key is needed; web pages have none."
        raise InvalidInput(fields={"device": [message]})
    return Device(**{**given, "public_key": key})


def phone_of(text: str, field: str = "phone") -> str:
    """The phone in E.164. Raises `InvalidInput` at the field of the request it came in."""
    phone = phones.normalise(text)
    if phone is None:
        message = "请填写中国大陆手机号。 A mobile number of mainland China is needed."
        raise InvalidInput(fields={field: [message]})
    return phone
