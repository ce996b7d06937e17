"""Mandates of people without an account, confirmed and ended at a window or before a village agent."""

from typing import Any

import marshmallow as ma
from flask import Response

from api.blueprints import AudienceBlueprint
from api.context import actor, session, world
from api.errors import problem
from api.schemas import Schema, Text
from app.core import clock
from app.core.errors import DomainError, InvalidInput
from app.family import confirming
from app.family.confirming import AtDesk, Presented
from app.identity import phones
from app.identity.documents import DOCUMENT_TYPES, Document, parse_document
from app.identity.real_name import Authorities
from app.identity.staff.models import Role

blueprint = AudienceBlueprint(
    "officer_mandates",
    __name__,
    audience="officer",
    url_prefix="/api/v1/officer/mandates",
    description="Officers",
)

ROLES: tuple[Role, ...] = ("window_officer", "village_agent")
POLICY = "a mandate by its number, of a household in the officer's region"


class DocumentAtDesk(Schema):
    """What lies before the officer, typed from it."""

    document_type = Text(40, required=True, validate=ma.validate.OneOf(DOCUMENT_TYPES))
    document_number = Text(18, required=True)


class Confirmation(DocumentAtDesk):
    """`phone`: where the person wants to be told."""

    phone = Text(20, load_default=None)


class Side(Schema):
    """One of the two."""

    masked_name = ma.fields.String(required=True)


class MandateAtDesk(Schema):
    """What an officer needs to explain it, and no more."""

    number = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    relation = ma.fields.String(
        required=True, metadata={"description": "What the principal is to the holder"}
    )
    scopes = ma.fields.List(ma.fields.String(), required=True)
    until = ma.fields.Date(required=True)
    holder = ma.fields.Nested(Side, required=True)
    principal = ma.fields.Nested(Side, required=True)


@blueprint.route("/<string:number>", methods=["GET"], roles=ROLES, policy=POLICY)
@blueprint.response(200, MandateAtDesk)
@blueprint.alt_response(404, description="unknown, or of another region")
def show_mandate(number: str) -> dict[str, Any] | Response:
    """The mandate somebody names at the desk, with masked names."""
    return _answer(confirming.look(session(), _authorities(), actor(), number))


@blueprint.route("/<string:number>/confirm", methods=["POST"], roles=ROLES, policy=POLICY)
@blueprint.arguments(Confirmation)
@blueprint.response(200, MandateAtDesk)
@blueprint.alt_response(403, description="the officer bears a side's name, or a guardian must act")
@blueprint.alt_response(404, description="unknown, or of another region")
@blueprint.alt_response(409, description="not open any more, or another document was shown")
def confirm_mandate(body: dict[str, Any], number: str) -> dict[str, Any] | Response:
    """The principal is here, has shown this document and agrees; it counts at once."""
    presented = _presented(body)
    return _answer(confirming.confirm(session(), _authorities(), actor(), number, presented))


@blueprint.route("/<string:number>/end", methods=["POST"], roles=ROLES, policy=POLICY)
@blueprint.arguments(DocumentAtDesk)
@blueprint.response(200, MandateAtDesk)
@blueprint.alt_response(403, description="the officer bears a side's name")
@blueprint.alt_response(404, description="unknown, or of another region")
@blueprint.alt_response(409, description="another document was shown")
def end_mandate(body: dict[str, Any], number: str) -> dict[str, Any] | Response:
    """The principal is here, has shown this document and wants it ended; what has ended stays so."""
    document = _document(body)
    return _answer(confirming.end(session(), _authorities(), actor(), number, document))


def _presented(body: dict[str, Any]) -> Presented:
    document = _document(body)
    phone = phones.normalise(body["phone"]) if body["phone"] else None
    if body["phone"] and phone is None:
        message = "手机号码不正确。 This is not a mobile number."
        raise InvalidInput(fields={"phone": [message]})
    return Presented(document, phone)


def _document(body: dict[str, Any]) -> Document:
    kind, number = body["document_type"], body["document_number"]
    document = parse_document(kind, number, clock.legal_today())
    if document is None:
        message = "证件号码不正确。 This is not a valid number of such a document."
        raise InvalidInput(fields={"document_number": [message]})
    return document


def _authorities() -> Authorities:
    parties = world()
    return Authorities(parties.population, parties.exit_entry)


def _answer(outcome: AtDesk | DomainError) -> dict[str, Any] | Response:
    if isinstance(outcome, DomainError):
        return problem(outcome)
    mandate = outcome.mandate
    return {
        "number": mandate.number,
        "status": outcome.status,
        "relation": mandate.relation,
        "scopes": mandate.scopes,
        "until": mandate.until,
        "holder": {"masked_name": outcome.holder_name},
        "principal": {"masked_name": outcome.principal_name},
    }
