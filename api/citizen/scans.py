"""Who scanned my code: the place and the time, never the staff."""

import uuid
from datetime import datetime
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
    before = _position(query.get("cursor"))
    # One more than the page tells whether there is a next one.
    found = queries.scans_of(session(), actor().person, before=before, limit=limit + 1)
    page = [_item(scan, name) for scan, name in found[:limit]]
    return {"items": page, "next_cursor": _cursor(page[-1]) if len(found) > limit else None}


def _item(scan: Scan, venue_name: str) -> dict[str, Any]:
    return {
        "scan_id": scan.id,
        "venue": {"id": scan.venue_id, "name": venue_name},
        "at": scan.at,
        "verdict": scan.verdict,
        "colour": scan.colour,
    }


def _cursor(last: dict[str, Any]) -> str:
    return pagination.encode([last["at"].isoformat(), str(last["scan_id"])])


def _position(cursor: str | None) -> tuple[datetime, uuid.UUID] | None:
    position = pagination.decode(cursor, 2)
    if position is None:
        return None
    try:
        at, scan_id = datetime.fromisoformat(position[0]), uuid.UUID(position[1])
    except (ValueError, TypeError, AttributeError):
        raise pagination.CursorRefused from None
    if at.tzinfo is None:
        raise pagination.CursorRefused
    return at, scan_id
