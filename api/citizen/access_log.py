"""Who used my data: the audit trail as the person concerned may read it."""

import uuid
from collections.abc import Sequence
from typing import Any

import marshmallow as ma

from api import pagination
from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.errors import language
from api.schemas import Page, Schema
from app.audit import queries, words
from app.audit.models import AuditRow
from app.identity.queries import masked_names_of_accounts
from app.identity.staff.queries import unit_names
from healthcode.venues import names_of

blueprint = AudienceBlueprint(
    "access_log",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/me/access-log",
    description="Personal data",
)

KINDS = ["citizen", "verifier", "officer", "department", "system", "operator"]
#: Where there is no name to be told.
NAMELESS = {
    "citizen": ("个人用户", "somebody"),
    "verifier": ("验码场所", "a venue"),
    "officer": ("工作人员", "an officer"),
    "department": ("部门系统", "a department's system"),
    "system": ("汇办系统", "Huiban itself"),
    "operator": ("平台运维人员", "an operator of the platform"),
}


class Who(Schema):
    """A person by masked name, a venue by its name, never a member of staff."""

    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(KINDS))
    name = ma.fields.String(required=True)


class AccessItem(Schema):
    """One use of my data."""

    at = ma.fields.AwareDateTime(required=True)
    who = ma.fields.Nested(Who, required=True)
    what = ma.fields.String(required=True)
    why = ma.fields.String(required=True)
    on_my_behalf = ma.fields.Boolean(
        required=True, metadata={"description": "They acted in my stead, by my mandate"}
    )
    refused = ma.fields.Boolean(required=True)


class AccessLog(Schema):
    """Newest first."""

    items = ma.fields.List(ma.fields.Nested(AccessItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


@blueprint.route("", methods=["GET"], policy="own data", level="real_name")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, AccessLog)
def list_access(query: dict[str, Any]) -> dict[str, Any]:
    """Who else used my data, when, for what and why; newest first."""
    me, limit = actor(), query["limit"]
    before = pagination.decode_moment(query.get("cursor"))
    found = queries.acts_about(
        session(), me.person, but_by=me.account, before=before, limit=limit + 1
    )
    page, more = found[:limit], len(found) > limit
    last = page[-1] if more else None
    return {
        "items": _items(page, me.person),
        "next_cursor": pagination.encode_moment(last.at, last.id) if last else None,
    }


def _items(rows: Sequence[AuditRow], me: uuid.UUID) -> list[dict[str, Any]]:
    people = {row.actor_id for row in rows if row.actor_kind == "citizen" and row.actor_id}
    venues = {row.unit_id for row in rows if row.actor_kind == "verifier" and row.unit_id}
    offices = {row.unit_id for row in rows if row.actor_kind == "officer" and row.unit_id}
    names = {
        **masked_names_of_accounts(session(), people),
        **names_of(session(), venues),
        **unit_names(session(), offices),
    }
    return [_item(row, me, names) for row in rows]


def _item(row: AuditRow, me: uuid.UUID, names: dict[uuid.UUID, str]) -> dict[str, Any]:
    told = words.told(row.action, language())
    # Staff act for their venue, and are not named themselves.
    known = row.actor_id if row.actor_kind == "citizen" else row.unit_id
    nameless = NAMELESS[row.actor_kind][language() == "en"]
    return {
        "at": row.at,
        "who": {"kind": row.actor_kind, "name": names.get(known, nameless) if known else nameless},
        "what": told.what,
        "why": told.why,
        "on_my_behalf": row.on_behalf_of == me,
        "refused": row.result == "refused",
    }
