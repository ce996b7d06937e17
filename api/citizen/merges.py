"""One account instead of two."""

import uuid
from typing import Any

import marshmallow as ma
from flask import Response

from api.blueprints import AudienceBlueprint
from api.citizen.phones import Code
from api.citizen.signing_in import phone_of
from api.context import actor, session
from api.errors import problem
from api.schemas import Schema, Text
from app.core.errors import DomainError
from app.identity.life import merges
from app.identity.life.merges import BothPhones
from app.identity.life.models import Merge

blueprint = AudienceBlueprint(
    "merges", __name__, audience="citizen", url_prefix="/api/v1/me/merges", description="Myself"
)


class MergeRequest(Schema):
    """The other account's phone, and codes (purpose `merge`) sent to it and to mine."""

    other_phone = Text(20, required=True)
    code = Code(required=True)
    own_code = Code(required=True)


class MergeShown(Schema):
    """Another account of mine that ended in this one. `undoable` until `undo_until`."""

    id = ma.fields.UUID(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(["done", "undone", "final"]))
    at = ma.fields.AwareDateTime(required=True)
    undo_until = ma.fields.AwareDateTime(required=True)


class Merges(Schema):
    """What ended in my account, newest first."""

    items = ma.fields.List(ma.fields.Nested(MergeShown), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


@blueprint.route("", methods=["POST"], policy="whoever has both phones")
@blueprint.arguments(MergeRequest)
@blueprint.response(201, MergeShown)
@blueprint.alt_response(409, description="the other account has a real name")
def merge_accounts(body: dict[str, Any]) -> Merge | Response:
    """Let my account without a real name go on in this one. It can be undone for thirty days."""
    other = phone_of(body["other_phone"], "other_phone")
    both = BothPhones(other, body["code"], body["own_code"])
    made = merges.merge(session(), actor(), both)
    return problem(made) if isinstance(made, DomainError) else made


@blueprint.route("", methods=["GET"], policy="own merges")
@blueprint.response(200, Merges)
def list_merges() -> dict[str, Any]:
    """What ended in my account."""
    return {"items": merges.my_merges(session(), actor()), "next_cursor": None}


@blueprint.route("/<uuid:merge_id>/undo", methods=["POST"], policy="own merge")
@blueprint.response(200, MergeShown)
@blueprint.alt_response(409, description="over, or the phone has another account now")
def undo_merge(merge_id: uuid.UUID) -> Merge:
    """Two accounts again, each as it was."""
    return merges.undo(session(), actor(), merge_id)
