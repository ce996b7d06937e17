"""A password, for those who want one: setting, changing, removing it, and signing in with it."""

from typing import Any

import marshmallow as ma
from flask import Response, request

from api.blueprints import AudienceBlueprint
from api.citizen.signing_in import DeviceInput, SessionAnswer, Use, answer, device_of, phone_of
from api.context import actor, session
from api.errors import problem
from api.schemas import Schema, Text
from app.identity.ways import password
from app.identity.ways.password import LONGEST, Attempt, Proof

sign_in = AudienceBlueprint(
    "passwords", __name__, audience="citizen", url_prefix="/api/v1/auth", description="One login"
)
mine = AudienceBlueprint(
    "my_password",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/me/password",
    description="Myself",
)

#: Sign-ins by password a minute and address, in each process: each costs a hash.
PER_ADDRESS = 300


class PasswordSessionRequest(Schema):
    """As for a sign-in by code, with the password in its place."""

    phone = Text(20, required=True)
    password = Text(LONGEST, required=True)
    device = ma.fields.Nested(DeviceInput, required=True)
    use = Use()
    work = Text(120, load_default=None)


class PasswordProof(Schema):
    """Either a code with the purpose `password` or the old password."""

    code = Text(6, load_default=None, validate=ma.validate.Regexp(r"[0-9]{6}\Z"))
    old_password = Text(LONGEST, load_default=None)


class NewPassword(PasswordProof):
    """The password, and the proof that its owner sets it."""

    password = Text(LONGEST, required=True)


class PasswordState(Schema):
    """Since when I have a password; null without one."""

    set_at = ma.fields.AwareDateTime(required=True, allow_none=True)


@sign_in.route("/passwords", methods=["POST"], level="anonymous", policy="whoever knows it")
@sign_in.arguments(PasswordSessionRequest)
@sign_in.response(201, SessionAnswer)
@sign_in.alt_response(401, description="`login_refused`: one answer, whatever was wrong")
@sign_in.alt_response(403, description="`h5` from a page that is not ours")
def open_session_by_password(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Sign in with phone and password. Unknown phone, no password and a wrong one answer alike."""
    address = request.remote_addr or "unknown"
    session().core.first_line.check("password", address, PER_ADDRESS)
    device = device_of(body["device"], body["use"])
    attempt = Attempt(phone_of(body["phone"]), body["password"], address, body["work"])
    return answer(password.sign_in(session(), attempt, device))


@mine.route("", methods=["GET"], policy="own password")
@mine.response(200, PasswordState)
def show_password() -> dict[str, Any]:
    """Whether I have a password."""
    row = password.password_of(session(), actor())
    return {"set_at": row.set_at if row else None}


@mine.route("", methods=["PUT"], policy="own account")
@mine.arguments(NewPassword)
@mine.response(204)
def set_password(body: dict[str, Any]) -> Response | None:
    """Set or change my password. My other devices are signed out."""
    new = body.pop("password")
    refused = password.set_password(session(), actor(), new, Proof(**body))
    return problem(refused.error) if refused else None


@mine.route("", methods=["DELETE"], policy="own account")
@mine.arguments(PasswordProof)
@mine.response(204)
def remove_password(body: dict[str, Any]) -> Response | None:
    """Have no password any more; the phone code goes on working."""
    refused = password.remove_password(session(), actor(), Proof(**body))
    return problem(refused.error) if refused else None
