"""A code scanned at a door."""

from datetime import UTC, datetime
from typing import Any, get_args

import marshmallow as ma

from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.schemas import Schema, Text
from healthcode.scans import Presented, ScanAnswer, record_scan
from healthcode.verification import Action, DoorReason, Verdict

blueprint = AudienceBlueprint(
    "scans", __name__, audience="verifier", url_prefix="/api/v1/verifier/scans", description="Doors"
)

#: Whatever a camera reads gets a verdict; only what no camera could read is an error.
MAX_CODE = 4_096
COLOURS = ["green", "yellow", "red", "unknown"]


class ScanRequest(Schema):
    """The text exactly as scanned, and where. `client_scan_id` makes a retry the same scan."""

    code = ma.fields.String(required=True, validate=ma.validate.Length(max=MAX_CODE))
    venue_id = ma.fields.UUID(required=True)
    client_scan_id = Text(64, load_default=None)
    scanned_at = ma.fields.AwareDateTime(
        load_default=None,
        # Years that PostgreSQL and Python both know in every time zone.
        validate=ma.validate.Range(
            datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
        ),
        metadata={"description": "A remark; server time decides"},
    )


class Holder(Schema):
    """Whose code it is, as far as the door may know."""

    masked_name = ma.fields.String(required=True)


class ScanVerdict(Schema):
    """What to do at the door. Never a health reason."""

    verdict = ma.fields.String(required=True, validate=ma.validate.OneOf(get_args(Verdict)))
    colour = ma.fields.String(required=True, validate=ma.validate.OneOf(COLOURS))
    reasons = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(get_args(DoorReason))), required=True
    )
    action = ma.fields.String(required=True, validate=ma.validate.OneOf(get_args(Action)))
    holder = ma.fields.Nested(Holder, required=True, allow_none=True)
    scan_id = ma.fields.UUID(required=True)
    at = ma.fields.AwareDateTime(required=True, metadata={"description": "Server time of the scan"})


@blueprint.route("", methods=["POST"], policy="venue of the staff")
@blueprint.arguments(ScanRequest)
@blueprint.response(200, ScanVerdict)
@blueprint.alt_response(404, description="not a venue of mine")
def scan_code(body: dict[str, Any]) -> dict[str, Any]:
    """Judge a code. A forged or expired one is an answer, not an error."""
    return _shown(record_scan(session(), actor(), Presented(**body)))


def _shown(answer: ScanAnswer) -> dict[str, Any]:
    scan, name = answer.scan, answer.masked_name
    return {
        "verdict": scan.verdict,
        "colour": scan.colour,
        "reasons": scan.reasons,
        "action": scan.action,
        "holder": {"masked_name": name} if name is not None else None,
        "scan_id": scan.id,
        "at": scan.at,
    }
