"""Reading the audit trail: for audit administrators, who may do nothing else."""

from typing import Any

import marshmallow as ma

from api import pagination
from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.schemas import Page, Schema, Text
from app.audit.queries import Sought, search
from app.audit.services import act_of, record

blueprint = AudienceBlueprint(
    "officer_audit",
    __name__,
    audience="officer",
    url_prefix="/api/v1/officer/audit",
    description="Officers",
)


class AuditQuery(Page):
    """Who acted, about whom, on what, how; all by id, none of them needed."""

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


@blueprint.route("", methods=["GET"], roles=("audit_admin",), policy="all acts")
@blueprint.arguments(AuditQuery, location="query")
@blueprint.response(200, AuditList)
def search_audit(query: dict[str, Any]) -> dict[str, Any]:
    """Acts that fit, newest first. Looking is itself recorded."""
    limit = query.pop("limit")
    before = pagination.decode_moment(query.pop("cursor", None))
    found = search(session(), Sought(**query), before, limit + 1)
    page, more = found[:limit], len(found) > limit
    record(session(), act_of(actor(), "audit.search", subject_id=query["subject_id"]))
    return {
        "items": page,
        "next_cursor": pagination.encode_moment(page[-1].at, page[-1].id) if more else None,
    }
