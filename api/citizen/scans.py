"""Who scanned my code: the place and the time, never the staff."""

from typing import Any

import marshmallow as ma

from api import pagination
from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.schemas import Page, Schema
from healthcode import queries
from healthcode.models import Scan

blueprint = AudienceBlueprint(
    "my_scans",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/me/scans",
    description="Health code",
)


class ScanVenue(Schema):
    """Where."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)


class ScanItem(Schema):
    """One scan of my code."""

    scan_id = ma.fields.UUID(required=True)
    venue = ma.fields.Nested(ScanVenue, required=True)
    at = ma.fields.AwareDateTime(required=True)
    verdict = ma.fields.String(required=True)
    colour = ma.fields.String(required=True)


class ScanList(Schema):
    """Newest first."""

    items = ma.fields.List(ma.fields.Nested(ScanItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


@blueprint.route("", methods=["GET"], policy="own scans", level="real_name")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, ScanList)
def list_my_scans(query: dict[str, Any]) -> dict[str, Any]:
    """Scans of my code, newest first."""
    limit = query["limit"]
    before = pagination.decode_moment(query.get("cursor"))
    # One more than the page tells whether there is a next one.
    found = queries.scans_of(session(), actor().person, before=before, limit=limit + 1)
    page, more = found[:limit], len(found) > limit
    last = page[-1][0] if more else None
    return {
        "items": [_item(scan, name) for scan, name in page],
        "next_cursor": pagination.encode_moment(last.at, last.id) if last else None,
    }


def _item(scan: Scan, venue_name: str) -> dict[str, Any]:
    return {
        "scan_id": scan.id,
        "venue": {"id": scan.venue_id, "name": venue_name},
        "at": scan.at,
        "verdict": scan.verdict,
        "colour": scan.colour,
    }
