"""Mandates of people without an account, confirmed by their face: a link, the terms, the check."""

import uuid
from typing import Any

import marshmallow as ma
from flask import Response

from api.blueprints import AudienceBlueprint
from api.citizen.consents import PurposeAnswer, described
from api.context import actor, session, world
from api.errors import problem
from api.schemas import Schema, Text
from app.core.errors import DomainError
from app.family import by_face, face_links
from app.family.models import RELATIONS
from app.identity.face.services import CHALLENGE_LIFE, PURPOSE
from app.identity.life.recovery import Parties
from app.identity.real_name import Authorities
from app.privacy.registered import current

blueprint = AudienceBlueprint(
    "face_mandates",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/family",
    description="Family",
)

POLICY = "whoever has the link of a mandate that waits"
PATH = "/face-confirmations"


class FaceLinkAnswer(Schema):
    """For the principal alone. What follows the # never reaches a server by itself."""

    url = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(required=True, metadata={"description": "seconds"})


class FaceLinkRequest(Schema):
    """What the link says after its last slash."""

    token = Text(64, required=True)


class FaceConsent(FaceLinkRequest):
    """The notice that the principal has read and agrees to."""

    notice_version = ma.fields.Integer(required=True, strict=True)


class FaceCheckResult(FaceLinkRequest):
    """The token the provider gave back to the device."""

    result_token = Text(200, required=True)


class FaceTerms(Schema):
    """What the principal is asked to agree to, names masked, and the notice of the face check."""

    holder = ma.fields.String(required=True)
    principal = ma.fields.String(required=True)
    relation = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(RELATIONS),
        metadata={"description": "What the principal is to the holder"},
    )
    scopes = ma.fields.List(ma.fields.String(), required=True)
    until = ma.fields.Date(required=True)
    purpose = ma.fields.Nested(PurposeAnswer, required=True)


class FaceCheckBegun(Schema):
    """What the device hands to the provider, or the page on which the person does the check."""

    provider_token = ma.fields.String(required=True)
    provider_url = ma.fields.String(required=True)
    expires_in = ma.fields.Integer(required=True, metadata={"description": "seconds"})


class FaceConfirmed(Schema):
    """The mandate counts from now on."""

    status = ma.fields.String(required=True, validate=ma.validate.OneOf(["active"]))


@blueprint.route(
    "/mandates/<uuid:asked_id>/face-link",
    methods=["POST"],
    policy="pending mandate I asked for",
    level="real_name",
)
@blueprint.response(201, FaceLinkAnswer)
@blueprint.alt_response(404, description="not a mandate I asked for")
@blueprint.alt_response(409, description="not pending, or a document without a picture")
def open_face_link(asked_id: uuid.UUID) -> dict[str, Any]:
    """A link by which the one I want to act for, without an account, confirms by face on any device.
    It counts once and for half an hour; one from before is over."""
    secret = face_links.open_link(session(), actor(), asked_id)
    return {
        "url": f"{world().core.settings.public_url}/app/#/confirm-by-face/{secret}",
        "expires_in": int(face_links.LIFE.total_seconds()),
    }


@blueprint.route(PATH, methods=["POST"], level="anonymous", policy=POLICY)
@blueprint.arguments(FaceLinkRequest)
@blueprint.response(200, FaceTerms)
@blueprint.alt_response(404, description="unknown, over, used, or the mandate waits no longer")
def show_face_terms(body: dict[str, Any]) -> dict[str, Any]:
    """What the link's mandate allows whom until when. Asked for by POST, so that no log has the token."""
    shown = face_links.look(session(), body["token"])
    return {
        "holder": shown.holder_name,
        "principal": shown.principal_name,
        "relation": shown.mandate.relation,
        "scopes": shown.mandate.scopes,
        "until": shown.mandate.until,
        "purpose": described(current()[PURPOSE]),
    }


@blueprint.route(f"{PATH}/checks", methods=["POST"], level="anonymous", policy=POLICY)
@blueprint.arguments(FaceConsent)
@blueprint.response(201, FaceCheckBegun)
@blueprint.alt_response(403, description="not the person, or their guardian must act")
@blueprint.alt_response(404, description="as above")
@blueprint.alt_response(409, description="another notice is the present one")
def begin_face_confirmation(body: dict[str, Any]) -> dict[str, Any] | Response:
    """The principal agrees to the face check of this mandate alone, and it begins. Five a mandate and
    day, ten a person."""
    begun = by_face.begin(session(), _parties(), body["token"], body["notice_version"])
    if isinstance(begun, DomainError):
        return problem(begun)
    return {
        "provider_token": begun.token,
        "provider_url": begun.url,
        "expires_in": int(CHALLENGE_LIFE.total_seconds()),
    }


@blueprint.route(f"{PATH}/result", methods=["POST"], level="anonymous", policy=POLICY)
@blueprint.arguments(FaceCheckResult)
@blueprint.response(200, FaceConfirmed)
@blueprint.alt_response(403, description="not the person, or the consent was withdrawn")
@blueprint.alt_response(404, description="as above")
@blueprint.alt_response(
    409, description="not finished, or the person has an account and agrees there"
)
def finish_face_confirmation(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Have the provider asked how the check ended; the mandate counts at once."""
    done = by_face.finish(session(), _parties(), body["token"], body["result_token"])
    return problem(done) if isinstance(done, DomainError) else {"status": done.status}


@blueprint.route(f"{PATH}/decline", methods=["POST"], level="anonymous", policy=POLICY)
@blueprint.arguments(FaceLinkRequest)
@blueprint.response(204)
@blueprint.alt_response(404, description="as above")
def decline_by_link(body: dict[str, Any]) -> None:
    """The principal says no: the request ends, and so does their consent to a face check."""
    face_links.decline(session(), body["token"])


@blueprint.route(f"{PATH}/withdraw", methods=["POST"], level="anonymous", policy=POLICY)
@blueprint.arguments(FaceLinkRequest)
@blueprint.response(204)
@blueprint.alt_response(404, description="as above")
def withdraw_face_consent(body: dict[str, Any]) -> None:
    """The principal wants no face check after all; the mandate still waits, for a window."""
    face_links.withdraw_consent(session(), body["token"])


def _parties() -> Parties:
    parties = world()
    return Parties(Authorities(parties.population, parties.exit_entry), parties.faceid)
