"""Parties whose users may sign in to my account."""

from typing import Any

import marshmallow as ma
from flask import Response

from api.blueprints import AudienceBlueprint
from api.citizen.phones import Code
from api.context import actor, session
from api.errors import problem
from api.schemas import Schema
from app.identity.ways import links

blueprint = AudienceBlueprint(
    "ways_in", __name__, audience="citizen", url_prefix="/api/v1/me/ways-in", description="Myself"
)


class WayIn(Schema):
    """A party whose users may sign in to my account: how many, and when the latest came."""

    party = ma.fields.String(required=True, validate=ma.validate.OneOf(list(links.PARTIES)))
    users = ma.fields.Integer(required=True)
    linked_at = ma.fields.AwareDateTime(required=True)


class WaysIn(Schema):
    """What lets somebody in beside my phone and my password."""

    items = ma.fields.List(ma.fields.Nested(WayIn), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class WayInRemoval(Schema):
    """A code sent to my phone (purpose `way_in`)."""

    code = Code(required=True)


@blueprint.route("", methods=["GET"], policy="own account")
@blueprint.response(200, WaysIn)
def list_ways_in() -> dict[str, Any]:
    """Whether WeChat and Alipay sign in to my account, and since when."""
    return {"items": links.my_links(session(), actor()), "next_cursor": None}


@blueprint.route("/<string:party>", methods=["DELETE"], policy="own account; a code of its phone")
@blueprint.arguments(WayInRemoval)
@blueprint.response(204)
@blueprint.alt_response(404, description="the party lets nobody in")
def remove_way_in(body: dict[str, Any], party: str) -> Response | None:
    """Let none of the party's users in any more; their devices are signed out. Signing in there with
    my phone links anew."""
    refused = links.remove(session(), actor(), party, body["code"])
    return problem(refused) if refused else None
