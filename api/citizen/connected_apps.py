"""The sites I signed in to through here and what they may know; taking that back."""

import uuid
from typing import Any

import marshmallow as ma

from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.schemas import Schema
from app.identity.openid import consents, logins

blueprint = AudienceBlueprint(
    "connected_apps",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/me/connected-apps",
    description="Personal data",
)


class ConnectedApp(Schema):
    """A site or program, and what I agreed that it may know."""

    client_id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    department = ma.fields.String(required=True)
    scopes = ma.fields.List(ma.fields.String(), required=True)
    notice_version = ma.fields.String(required=True)
    given_at = ma.fields.AwareDateTime(required=True)


class ConnectedApps(Schema):
    """Latest first."""

    items = ma.fields.List(ma.fields.Nested(ConnectedApp), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class SiteBrowser(Schema):
    """A browser in which I am signed in for sites, and for which."""

    id = ma.fields.UUID(required=True)
    sites = ma.fields.List(ma.fields.String(), required=True)
    signed_in_at = ma.fields.AwareDateTime(required=True)
    last_used_at = ma.fields.AwareDateTime(required=True)


class SiteBrowsers(Schema):
    """Latest first; each ends by itself within twelve hours."""

    items = ma.fields.List(ma.fields.Nested(SiteBrowser), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


@blueprint.route("", methods=["GET"], policy="own consents")
@blueprint.response(200, ConnectedApps)
def list_connected_apps() -> dict[str, Any]:
    """Whom I gave consent that stands."""
    items = [
        {
            "client_id": client.id,
            "name": client.name,
            "department": client.department,
            "scopes": consent.scopes,
            "notice_version": consent.notice_version,
            "given_at": consent.given_at,
        }
        for consent, client in consents.connected_apps(session(), actor())
    ]
    return {"items": items, "next_cursor": None}


@blueprint.route("/<uuid:client_id>", methods=["DELETE"], policy="own consent")
@blueprint.response(204)
def withdraw(client_id: uuid.UUID) -> None:
    """Take my consent back: the site's tokens end at once and it is told."""
    consents.withdraw_consent(session(), actor(), client_id)


@blueprint.route("/browsers", methods=["GET"], policy="own browsers")
@blueprint.response(200, SiteBrowsers)
def list_browsers() -> dict[str, Any]:
    """Where I am signed in for sites, beside my devices."""
    items = [
        {
            "id": login.id,
            "sites": sites,
            "signed_in_at": login.auth_at,
            "last_used_at": login.last_used_at,
        }
        for login, sites in logins.my_logins(session(), actor())
    ]
    return {"items": items, "next_cursor": None}


@blueprint.route("/browsers/<uuid:login_id>", methods=["DELETE"], policy="own browser")
@blueprint.response(204)
def end_browser(login_id: uuid.UUID) -> None:
    """Sign a browser out; the sites it was signed in to are told."""
    logins.end_mine(session(), actor(), login_id)
