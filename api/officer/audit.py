"""Reading the audit trail: for audit administrators, who may do nothing else."""

from datetime import date, datetime, time, timedelta
from typing import Any

import marshmallow as ma

from api import pagination
from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.schemas import Page, Schema, Text
from app.audit.heads import newest_heads
from app.audit.queries import Sought, search
from app.audit.sealing import tip
from app.audit.services import act_of, record
from app.core import clock

blueprint = AudienceBlueprint(
    "officer_audit",
    __name__,
    audience="officer",
    url_prefix="/api/v1/officer/audit",
    description="Officers",
)


#: Why somebody looks; it stands in the row that says they did.
WHY = ("inspection", "complaint", "incident", "request")

THIS_CENTURY = ma.validate.Range(date(2000, 1, 1), date(2099, 12, 31))


class AuditQuery(Page):
    """Why it is looked for, and what: legal days, who acted, about whom, on what, how; all by id."""

    reason = Text(20, required=True, validate=ma.validate.OneOf(WHY))
    first_day = ma.fields.Date(load_default=None, validate=THIS_CENTURY)
    last_day = ma.fields.Date(load_default=None, validate=THIS_CENTURY)
    actor = ma.fields.UUID(load_default=None, attribute="actor_id")
    subject = ma.fields.UUID(load_default=None, attribute="subject_id")
    object = ma.fields.UUID(load_default=None, attribute="object_id")
    action = Text(60, load_default=None)


class AuditItem(Schema):
    """One act: ids and closed words, no personal data."""

    id = ma.fields.UUID(required=True)
    at = ma.fields.AwareDateTime(required=True)
    actor_kind = ma.fields.String(required=True)
    actor = ma.fields.UUID(required=True, allow_none=True, attribute="actor_id")
    action = ma.fields.String(required=True)
    subject = ma.fields.UUID(required=True, allow_none=True, attribute="subject_id")
    object = ma.fields.UUID(required=True, allow_none=True, attribute="object_id")
    unit = ma.fields.UUID(required=True, allow_none=True, attribute="unit_id")
    on_behalf_of = ma.fields.UUID(required=True, allow_none=True)
    reason = ma.fields.String(required=True, allow_none=True)
    result = ma.fields.String(required=True)
    trace_id = ma.fields.String(required=True, allow_none=True)


class AuditList(Schema):
    """Newest first."""

    items = ma.fields.List(ma.fields.Nested(AuditItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class TrailState(Schema):
    """How far the rows are sealed, and the chain's newest signed head; null while there is none."""

    sealed = ma.fields.Integer(required=True, metadata={"description": "rows in the chain"})
    signed = ma.fields.Integer(
        required=True, allow_none=True, metadata={"description": "rows below the newest head"}
    )
    signed_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    kid = ma.fields.String(required=True, allow_none=True)
    chain = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "SHA-256, hexadecimal"}
    )


@blueprint.route("", methods=["GET"], roles=("audit_admin",), policy="all acts")
@blueprint.arguments(AuditQuery, location="query")
@blueprint.response(200, AuditList)
def search_audit(query: dict[str, Any]) -> dict[str, Any]:
    """Acts that fit, newest first. Looking is itself recorded, with the reason."""
    limit, reason = query.pop("limit"), query.pop("reason")
    before = pagination.decode_moment(query.pop("cursor", None))
    since, until = _moments(query.pop("first_day"), query.pop("last_day"))
    found = search(session(), Sought(since=since, until=until, **query), before, limit + 1)
    page, more = found[:limit], len(found) > limit
    looked = act_of(actor(), "audit.search", subject_id=query["subject_id"], reason=reason)
    record(session(), looked)
    return {
        "items": page,
        "next_cursor": pagination.encode_moment(page[-1].at, page[-1].id) if more else None,
    }


@blueprint.route("/state", methods=["GET"], roles=("audit_admin",), policy="numbers, no acts")
@blueprint.response(200, TrailState)
def show_state() -> dict[str, Any]:
    """How far the trail is sealed and signed."""
    newest = next(iter(newest_heads(session(), 1)), None)
    return {
        "sealed": tip(session()).seq,
        "signed": newest and newest.seq,
        "signed_at": newest and newest.at,
        "kid": newest and newest.kid,
        "chain": newest and newest.chain.hex(),
    }


def _moments(first: date | None, last: date | None) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the first to the end of the last legal day."""
    since = _midnight(first) if first else None
    return since, _midnight(last) + timedelta(days=1) if last else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, clock.SHANGHAI)
