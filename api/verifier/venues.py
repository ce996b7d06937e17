"""The venues at which I may scan."""

from typing import Any

import marshmallow as ma

from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.schemas import Schema
from healthcode.venues import list_venues

blueprint = AudienceBlueprint(
    "venues",
    __name__,
    audience="verifier",
    url_prefix="/api/v1/verifier/venues",
    description="Doors",
)


class VenueItem(Schema):
    """A place with a door."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    address = ma.fields.String(required=True)


class VenueList(Schema):
    """All of mine; there is never a next page."""

    items = ma.fields.List(ma.fields.Nested(VenueItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


@blueprint.route("", methods=["GET"], policy="own venues")
@blueprint.response(200, VenueList)
def list_my_venues() -> dict[str, Any]:
    """Venues at which I may scan."""
    return {"items": list_venues(session(), actor().account), "next_cursor": None}
