"""Another phone: changed, reissued, or lost."""

from typing import Any

import marshmallow as ma
from flask import Response

from api.blueprints import AudienceBlueprint
from api.citizen.me import RealNameRequest
from api.citizen.signing_in import SessionAnswer, answer, phone_of
from api.context import actor, session, world
from api.errors import problem
from api.schemas import Schema, Text
from app.core.errors import DomainError
from app.identity import real_name
from app.identity.face.services import CHALLENGE_LIFE
from app.identity.life import phones, recovery
from app.identity.life.phones import NewPhone
from app.identity.life.recovery import Parties
from app.identity.real_name import Authorities
from app.identity.sessions import Refused

blueprint = AudienceBlueprint(
    "my_phone", __name__, audience="citizen", url_prefix="/api/v1/me", description="Myself"
)


class Code(Text):
    """A one-time code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(6, validate=ma.validate.Regexp(r"[0-9]{6}\Z"), **options)


class PhoneRequest(Schema):
    """The new phone, the codes sent to it and to the old one (purpose `phone`). Without `code_old` the
    session must have the level `face`. `new_to_me`: the number was another person's before."""

    new_phone = Text(20, required=True)
    code_new = Code(required=True)
    code_old = Code(load_default=None)
    new_to_me = ma.fields.Boolean(load_default=False, truthy=[True], falsy=[False])


class NewNumberRequest(RealNameRequest):
    """Who I am, and a code sent to the number (purpose `phone`) that was another person's before."""

    code = Code(required=True)


class ProofBegun(Schema):
    """A face check: its token for the provider's SDK, or the page to open instead."""

    proof_id = ma.fields.UUID(required=True)
    provider_token = ma.fields.String(required=True)
    provider_url = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(required=True, metadata={"description": "seconds"})


class ProofResult(Schema):
    """What the provider's SDK gave back."""

    result_token = Text(200, required=True)


@blueprint.route("/phone", methods=["POST"], policy="own account; codes of both phones, or face")
@blueprint.arguments(PhoneRequest)
@blueprint.response(204)
@blueprint.alt_response(409, description="another account has the phone")
def change_phone(body: dict[str, Any]) -> Response | None:
    """Give my account another phone. Every other device is signed out; both phones are told."""
    wish = NewPhone(
        phone_of(body["new_phone"], "new_phone"),
        body["code_new"],
        body["code_old"],
        body["new_to_me"],
    )
    refused = phones.change_phone(session(), actor(), wish)
    return problem(refused) if refused else None


@blueprint.route(
    "/phone/new-to-me", methods=["POST"], policy="whoever has the phone", before_proof=True
)
@blueprint.arguments(NewNumberRequest)
@blueprint.response(201, SessionAnswer)
@blueprint.alt_response(409, description="the account is not another person's")
def declare_new_number(body: dict[str, Any]) -> dict[str, Any] | Response:
    """The number's code led me into a stranger's account: give me one of my own."""
    code = body.pop("code")
    authorities = Authorities(world().population, world().exit_entry)
    return _session(
        phones.declare_new_number(session(), authorities, actor(), real_name.claim(**body), code)
    )


@blueprint.route("/recoveries", methods=["POST"], policy="own session; names any person")
@blueprint.arguments(RealNameRequest)
@blueprint.response(201, ProofBegun)
def begin_recovery(body: dict[str, Any]) -> dict[str, Any] | Response:
    """I lost my old phone: begin a face check that shows which account is mine. Needs the consent
    `face`. Answered alike for people with and without another account."""
    parties = Parties(Authorities(world().population, world().exit_entry), world().faceid)
    begun = recovery.begin(session(), parties, actor(), real_name.claim(**body))
    if isinstance(begun, DomainError):
        return problem(begun)
    return {
        "proof_id": begun.proof_id,
        "provider_token": begun.check.token,
        "provider_url": begun.check.url,
        "expires_in": int(CHALLENGE_LIFE.total_seconds()),
    }


@blueprint.route("/recoveries/<uuid:proof_id>", methods=["POST"], policy="own session's proof")
@blueprint.arguments(ProofResult)
@blueprint.response(201, SessionAnswer)
@blueprint.alt_response(404, description="not a proof of this session")
def finish_recovery(body: dict[str, Any], proof_id: Any) -> dict[str, Any] | Response:
    """The person's account takes this phone; a session of it opens here. Counts once."""
    token = body["result_token"]
    return _session(recovery.finish(session(), world().faceid, actor(), proof_id, token))


def _session(outcome: Any) -> dict[str, Any] | Response:
    return answer(Refused(outcome) if isinstance(outcome, DomainError) else outcome)
