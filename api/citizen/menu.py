"""What can be done where: divisions, the menu, lists and details of matters."""

from typing import Any, cast, get_args

import marshmallow as ma
from flask import Response, current_app, request

from api import pagination
from api.blueprints import AudienceBlueprint
from api.context import session
from api.pagination import CursorRefused
from api.schemas import Page, Schema, Text
from app.catalogue import queries
from app.catalogue.listing import Found, Position, Wanted, find_matters
from app.catalogue.prepared import MenuShelf, PreparedMenu
from app.catalogue.queries import PROVINCE, Detail

blueprint = AudienceBlueprint(
    "menu", __name__, audience="public", url_prefix="/api/v1", description="Regions and menu"
)

#: The menu may be shown for a minute without asking, and for ten while a newer one is fetched.
CACHING = "public, max-age=60, stale-while-revalidate=600"
AUDIENCES = ["person", "organisation"]
ACTIONS = list(get_args(queries.Action))


class RegionCode(ma.fields.String):
    """Twelve digits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=ma.validate.Regexp(r"\A[0-9]{12}\Z"), **options)


class RegionsQuery(Schema):
    """Without `parent`: the province."""

    parent = RegionCode(load_default=None)


class MenuQuery(Schema):
    """From where, and for whom; without `audience` for everybody."""

    region = RegionCode(load_default=PROVINCE)
    audience = Text(12, load_default=None, validate=ma.validate.OneOf(AUDIENCES))


class MattersQuery(MenuQuery, Page):
    """What to list: words of a name, a heading."""

    q = Text(60, load_default=None)
    theme = Text(3, load_default=None)


class MatterQuery(Schema):
    """From where it is seen."""

    region = RegionCode(load_default=PROVINCE)


class Region(Schema):
    """A division. Levels: 2 province, 3 city, 4 county, 5 town, 6 village."""

    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    level = ma.fields.Integer(required=True)
    parent_code = ma.fields.String(required=True, allow_none=True)
    acts_as_county = ma.fields.Boolean(
        required=True, metadata={"description": "City and county at once (省直管)"}
    )
    demonstration = ma.fields.Boolean(required=True, metadata={"description": "An invented place"})
    has_children = ma.fields.Boolean(required=True)


class Regions(Schema):
    """All divisions right below one; never more than a page."""

    items = ma.fields.List(ma.fields.Nested(Region), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class Card(Schema):
    """An entry of menu or list."""

    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    item_name = ma.fields.String(required=True, allow_none=True)
    department = ma.fields.String(required=True)
    theme = ma.fields.String(required=True, metadata={"description": "Code of the heading"})
    audience = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(AUDIENCES)), required=True
    )
    online = ma.fields.Boolean(required=True)
    show = ma.fields.Integer(
        required=True,
        validate=ma.validate.OneOf([0, 1, 2]),
        metadata={"description": "0 not available here or below, 1 here, 2 only below"},
    )
    visits = ma.fields.Integer(
        required=True, allow_none=True, metadata={"description": "null when unknown"}
    )
    promise_days = ma.fields.Integer(
        required=True, allow_none=True, metadata={"description": "Working days; null when unknown"}
    )
    action = ma.fields.String(required=True, validate=ma.validate.OneOf(ACTIONS))
    alias_of = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "Entry whose action it shares"}
    )


class ThemeCards(Schema):
    """A heading and its entries."""

    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    matters = ma.fields.List(ma.fields.Nested(Card), required=True)


class Menu(Schema):
    """Everything on the first pages of the app, seen from one region."""

    region = ma.fields.Nested(Region, required=True)
    hot = ma.fields.List(ma.fields.Nested(Card), required=True)
    themes = ma.fields.List(ma.fields.Nested(ThemeCards), required=True)
    zones = ma.fields.List(ma.fields.Dict(), required=True)


class Matters(Schema):
    """One page of entries."""

    items = ma.fields.List(ma.fields.Nested(Card), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class Codes(Schema):
    """基本编码 12, 实施编码 31, 业务编码 33; an artificial base code begins with ZZ."""

    base = ma.fields.String(required=True)
    implementation = ma.fields.String(required=True, allow_none=True)
    transact = ma.fields.String(required=True, allow_none=True)


class Alias(Schema):
    """Another entry that shares the action."""

    code = ma.fields.String(required=True)
    name = ma.fields.String(required=True)


class Matter(Card):
    """One entry with everything known about it. Asked by an alias, `alias_of` says for what."""

    requested_code = ma.fields.String(required=True)
    pay_scheme = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Whose bills to show where `action` is `pay`; else null"},
    )
    codes = ma.fields.Nested(Codes, required=True)
    code_origin = ma.fields.String(
        required=True, validate=ma.validate.OneOf(["hubei", "artificial"])
    )
    origin = ma.fields.String(
        required=True, validate=ma.validate.OneOf(["hubei", "document", "list", "known"])
    )
    matter_type = ma.fields.String(required=True)
    levels = ma.fields.List(ma.fields.Integer(), required=True)
    legal_days = ma.fields.Integer(required=True, allow_none=True)
    days_origin = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "sample: not confirmed"}
    )
    handling = ma.fields.String(required=True, allow_none=True)
    in_menu = ma.fields.Boolean(required=True)
    aliases = ma.fields.List(ma.fields.Nested(Alias), required=True)


@blueprint.route("/regions", methods=["GET"], policy="public")
@blueprint.arguments(RegionsQuery, location="query")
@blueprint.response(200, Regions)
@blueprint.alt_response(404, description="no such region")
def list_regions(query: dict[str, Any]) -> dict[str, Any]:
    """The divisions right below one."""
    return {"items": queries.regions_below(session(), query["parent"]), "next_cursor": None}


@blueprint.route("/menu", methods=["GET"], policy="public")
@blueprint.arguments(MenuQuery, location="query")
@blueprint.response(200, Menu, headers={"ETag": {"schema": {"type": "string"}}})
@blueprint.alt_response(404, description="no such region")
@blueprint.alt_response(304, description="Not modified")
def show_menu(query: dict[str, Any]) -> Response:
    """The whole menu of a region."""
    zipped = request.accept_encodings.quality("gzip") > 0
    menu = _shelf().menu(session(), query["region"], query["audience"], zipped=zipped)
    return _cacheable(menu, zipped=zipped)


@blueprint.route("/matters", methods=["GET"], policy="public")
@blueprint.arguments(MattersQuery, location="query")
@blueprint.response(200, Matters)
@blueprint.alt_response(404, description="no such region or theme")
def list_matters(query: dict[str, Any]) -> dict[str, Any]:
    """Entries of the menu and further Hubei items, listed or searched."""
    region = queries.region(session(), query["region"])
    wanted = Wanted(
        depth=region.depth,
        query=query["q"],
        theme=query["theme"],
        audience=query["audience"],
        after=_position(query.get("cursor")),
        limit=query["limit"],
    )
    return _page(find_matters(session(), wanted))


@blueprint.route("/matters/<code>", methods=["GET"], policy="public")
@blueprint.arguments(MatterQuery, location="query")
@blueprint.response(200, Matter)
def show_matter(query: dict[str, Any], code: str) -> dict[str, Any]:
    """One entry in full."""
    return _full(queries.detail(session(), code, query["region"]))


def _shelf() -> MenuShelf:
    return cast(MenuShelf, current_app.extensions.setdefault("huiban_menu", MenuShelf()))


def _cacheable(menu: PreparedMenu, *, zipped: bool) -> Response:
    response = current_app.response_class(menu.body, mimetype="application/json")
    response.headers["Cache-Control"] = CACHING
    response.vary.add("Accept-Encoding")
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(menu.etag)
    response.make_conditional(request)
    return response


def _position(cursor: str | None) -> Position | None:
    values = pagination.decode(cursor, 3)
    if values is None:
        return None
    score, place, code = values
    whole = all(type(value) is int and 0 <= value < 2**31 for value in (score, place))
    if not whole or not isinstance(code, str) or not (code.isascii() and code.isalnum()):
        raise CursorRefused
    return Position(score, place, code)


def _page(found: Found) -> dict[str, Any]:
    after = found.next
    cursor = after and pagination.encode([after.score, after.place, after.code])
    return {"items": found.cards, "next_cursor": cursor}


def _full(detail: Detail) -> dict[str, Any]:
    entry = detail.entry
    asked_by_alias = detail.requested_code != entry.code
    return {
        **vars(detail.card),
        "alias_of": entry.code if asked_by_alias else None,
        "requested_code": detail.requested_code,
        "pay_scheme": entry.pay_scheme if detail.card.action == "pay" else None,
        "codes": {
            "base": entry.base_code,
            "implementation": entry.impl_code,
            "transact": entry.code if entry.code_is_real else None,
        },
        "code_origin": "hubei" if entry.code_is_real else "artificial",
        "origin": entry.origin,
        "matter_type": entry.matter_type,
        "levels": entry.levels,
        "legal_days": entry.legal_days,
        "days_origin": entry.days_origin,
        "handling": entry.handling,
        "in_menu": entry.in_menu,
        "aliases": detail.aliases,
    }
