"""A copy of all my data."""

import uuid
from typing import Any

import marshmallow as ma
from flask import Response, make_response

from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.errors import problem
from api.schemas import Schema, Text
from app.identity import login_codes
from app.privacy import exports
from app.privacy.exports import Opened
from app.privacy.models import DataExport

blueprint = AudienceBlueprint(
    "data_exports",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/me/data-exports",
    description="Personal data",
)


#: What is told of an export that was opened.
SHOWN = ("id", "state", "requested_at", "size", "expires_at", "ticket_until")


class ExportRequest(Schema):
    """The code just received for the purpose `export`."""

    code = Text(6, required=True, validate=ma.validate.Regexp(r"[0-9]{6}\Z"))


class ExportAnswer(Schema):
    """One export."""

    id = ma.fields.UUID(required=True)
    state = ma.fields.String(
        required=True, validate=ma.validate.OneOf(["requested", "ready", "destroyed"])
    )
    requested_at = ma.fields.AwareDateTime(required=True)
    size = ma.fields.Integer(required=True, allow_none=True, metadata={"description": "bytes"})
    expires_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class Ticket(Schema):
    """What fetches the file: three times within ten minutes, by its owner."""

    ticket = ma.fields.String(required=True)
    ticket_until = ma.fields.AwareDateTime(required=True)


class ExportOpened(ExportAnswer, Ticket):
    """An export, and what fetches it as soon as it is ready."""


class TicketQuery(Schema):
    """What a fresh proof gave."""

    ticket = Text(64, load_default=None)


class ExportList(Schema):
    """My newest exports."""

    items = ma.fields.List(ma.fields.Nested(ExportAnswer), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


@blueprint.route("", methods=["POST"], policy="own data; a fresh code")
@blueprint.arguments(ExportRequest)
@blueprint.response(202, ExportOpened)
def request_export(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Have a copy of my data made. Ask for a code at /auth/codes with the purpose `export` before."""
    refused = login_codes.confirm(session(), actor(), "export", body["code"])
    if refused is not None:
        return problem(refused)
    return _opened(exports.request(session(), actor()))


@blueprint.route("", methods=["GET"], policy="own data")
@blueprint.response(200, ExportList)
def list_exports() -> dict[str, Any]:
    """My newest exports and how far they are."""
    return {"items": exports.mine(session(), actor()), "next_cursor": None}


@blueprint.route("/<uuid:export_id>", methods=["GET"], policy="own export")
@blueprint.response(200, ExportAnswer)
@blueprint.alt_response(404, description="not mine")
def show_export(export_id: uuid.UUID) -> DataExport:
    """How far an export is."""
    return exports.one(session(), actor(), export_id)


@blueprint.route("/<uuid:export_id>/tickets", methods=["POST"], policy="own export; a fresh code")
@blueprint.arguments(ExportRequest)
@blueprint.response(201, Ticket)
@blueprint.alt_response(404, description="not mine")
def open_export(body: dict[str, Any], export_id: uuid.UUID) -> dict[str, Any] | Response:
    """Prove anew that it is me, to fetch the file. A former ticket is over."""
    exports.one(session(), actor(), export_id)
    refused = login_codes.confirm(session(), actor(), "export", body["code"])
    if refused is not None:
        return problem(refused)
    return _opened(exports.open_again(session(), actor(), export_id))


@blueprint.route("/<uuid:export_id>/file", methods=["GET"], policy="own export; a ticket")
@blueprint.arguments(TicketQuery, location="query")
@blueprint.response(200, content_type="application/zip", description="JSON, CSV and a page")
@blueprint.alt_response(404, description="not mine, not ready, or destroyed")
def fetch_export(query: dict[str, Any], export_id: uuid.UUID) -> Response:
    """The file, for seven days. 403 `ticket_refused`: prove anew that it is you at `…/tickets`."""
    content = exports.fetch(session(), actor(), export_id, query["ticket"])
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": 'attachment; filename="my-data.zip"',
    }
    return make_response(content, headers)


def _opened(opened: Opened) -> dict[str, Any]:
    return {column: getattr(opened.export, column) for column in SHOWN} | {"ticket": opened.ticket}
