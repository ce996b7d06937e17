"""My notices: the inbox with the reason for each, and what I do not want to hear of."""

import uuid
from typing import Any

import marshmallow as ma

from api import pagination
from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.errors import language
from api.schemas import Page, Schema
from push import about, composing, inbox, preferences
from push.composing import Composed
from push.models import CATEGORIES, Notice

blueprint = AudienceBlueprint(
    "notices", __name__, audience="citizen", url_prefix="/api/v1/notices", description="Notices"
)


class Subject(Schema):
    """Whom a notice is about."""

    masked_name = ma.fields.String(required=True)


class About(Schema):
    """What to open for more. An order is at `GET /api/v1/orders/{id}`."""

    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(["order"]))
    id = ma.fields.UUID(required=True)


class Why(Schema):
    """Which rule made it, and because of what."""

    rule = ma.fields.String(required=True)
    because = ma.fields.String(required=True)


class NoticeItem(Schema):
    """One notice, in zh-CN or en by `Accept-Language`."""

    id = ma.fields.UUID(required=True)
    category = ma.fields.String(required=True, validate=ma.validate.OneOf(CATEGORIES))
    title = ma.fields.String(required=True)
    body = ma.fields.String(required=True)
    subject = ma.fields.Nested(Subject, required=True, allow_none=True)
    about = ma.fields.Nested(
        About,
        required=True,
        allow_none=True,
        metadata={"description": "null where there is nothing that the reader may open"},
    )
    matter_code = ma.fields.String(required=True, allow_none=True)
    due_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    created_at = ma.fields.AwareDateTime(required=True)
    read_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    why = ma.fields.Nested(Why, required=True)


class NoticeList(Schema):
    """Newest first. `unread` counts all of mine, not those of the page."""

    items = ma.fields.List(ma.fields.Nested(NoticeItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)
    unread = ma.fields.Integer(required=True)


class NoticeRead(Schema):
    """When it was read first, and how many wait."""

    read_at = ma.fields.AwareDateTime(required=True)
    unread = ma.fields.Integer(required=True)


class Preference(Schema):
    """One category. `reason`: why it cannot be muted, where it cannot."""

    category = ma.fields.String(required=True)
    muted = ma.fields.Boolean(required=True)
    mutable = ma.fields.Boolean(required=True)
    reason = ma.fields.String(required=True, allow_none=True)


class Preferences(Schema):
    """What is muted, and every category there is."""

    muted = ma.fields.List(ma.fields.String(), required=True)
    items = ma.fields.List(ma.fields.Nested(Preference), required=True)


class PreferencesRequest(Schema):
    """The categories to mute; all others are heard."""

    muted = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(CATEGORIES)),
        required=True,
        validate=ma.validate.Length(max=len(CATEGORIES)),
    )


@blueprint.route("", methods=["GET"], policy="own notices")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, NoticeList)
def list_my_notices(query: dict[str, Any]) -> dict[str, Any]:
    """My notices, newest first."""
    limit, before = query["limit"], pagination.decode_moment(query.get("cursor"))
    # One more than the page tells whether there is a next one.
    found = inbox.page(session(), actor(), before=before, limit=limit + 1)
    page, more = found[:limit], len(found) > limit
    words = composing.compose(session(), page, language())
    orders = about.orders(session(), actor(), page)
    return {
        "items": [_item(each, said, orders) for each, said in zip(page, words, strict=True)],
        "next_cursor": pagination.encode_moment(page[-1].created_at, page[-1].id) if more else None,
        "unread": inbox.unread(session(), actor()),
    }


@blueprint.route("/<uuid:notice_id>/read", methods=["POST"], policy="own notice")
@blueprint.response(200, NoticeRead)
def mark_notice_read(notice_id: uuid.UUID) -> inbox.Read:
    """Mark a notice as read."""
    return inbox.mark_read(session(), actor(), notice_id)


@blueprint.route("/preferences", methods=["GET"], policy="own preferences")
@blueprint.response(200, Preferences)
def show_preferences() -> dict[str, Any]:
    """What I have muted."""
    return preferences.shown(session(), actor(), language())


@blueprint.route("/preferences", methods=["PUT"], policy="own preferences")
@blueprint.arguments(PreferencesRequest)
@blueprint.response(200, Preferences)
def put_preferences(body: dict[str, Any]) -> dict[str, Any]:
    """Mute these categories and no others."""
    preferences.mute(session(), actor(), body["muted"])
    return preferences.shown(session(), actor(), language())


def _item(notice: Notice, words: Composed, orders: dict[uuid.UUID, uuid.UUID]) -> dict[str, Any]:
    order = orders.get(notice.id)
    return {
        "id": notice.id,
        "category": notice.category,
        "title": words.title,
        "body": words.body,
        "subject": {"masked_name": words.masked_name} if words.masked_name else None,
        "about": {"kind": "order", "id": order} if order else None,
        "matter_code": notice.matter_code,
        "due_at": composing.due_at(notice),
        "created_at": notice.created_at,
        "read_at": notice.read_at,
        "why": {"rule": notice.rule, "because": words.because},
    }
