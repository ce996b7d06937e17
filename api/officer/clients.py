"""The registry of department sites that sign people in through us."""

import uuid
from typing import Any

import marshmallow as ma

from api import pagination
from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.schemas import Page, Schema, Text
from app.identity.openid import registration
from app.identity.openid.models import OpenidClient
from app.identity.openid.registration import AUTH_METHODS, MOST_URIS, NewClient
from app.identity.openid.scopes import SCOPES
from app.identity.staff.models import Role

blueprint = AudienceBlueprint(
    "officer_clients",
    __name__,
    audience="officer",
    url_prefix="/api/v1/officer/clients",
    description="Officers",
)

REGISTRAR: tuple[Role, ...] = ("client_registrar",)
ONE_OF = ma.validate.OneOf
FEW = ma.validate.Length(max=MOST_URIS)


class ClientInput(Schema):
    """What a department registers. `jwks` only for `private_key_jwt`: public keys."""

    name = Text(50, required=True)
    department = Text(100, required=True)
    redirect_uris = ma.fields.List(Text(500), required=True, validate=FEW)
    scopes = ma.fields.List(Text(20, validate=ONE_OF(SCOPES)), required=True, validate=FEW)
    auth_method = Text(20, required=True, validate=ONE_OF(AUTH_METHODS))
    application_type = Text(10, load_default="web", validate=ONE_OF(["web", "native"]))
    sector = Text(253, load_default=None, allow_none=True)
    post_logout_redirect_uris = ma.fields.List(Text(500), load_default=list, validate=FEW)
    backchannel_logout_uri = Text(500, load_default=None, allow_none=True)
    jwks = ma.fields.Dict(keys=Text(20), load_default=None, allow_none=True)


class ClientItem(Schema):
    """A registered client; never its secret."""

    client_id = ma.fields.UUID(required=True, attribute="id")
    name = ma.fields.String(required=True)
    department = ma.fields.String(required=True)
    redirect_uris = ma.fields.List(ma.fields.String(), required=True)
    scopes = ma.fields.List(ma.fields.String(), required=True)
    auth_method = ma.fields.String(required=True)
    application_type = ma.fields.String(required=True)
    sector = ma.fields.String(required=True)
    post_logout_redirect_uris = ma.fields.List(ma.fields.String(), required=True)
    backchannel_logout_uri = ma.fields.String(required=True, allow_none=True)
    jwks = ma.fields.Dict(required=True, allow_none=True)
    created_at = ma.fields.AwareDateTime(required=True)
    disabled_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class ClientList(Schema):
    """Clients in the order they were registered."""

    items = ma.fields.List(ma.fields.Nested(ClientItem), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class ClientSecret(Schema):
    """The secret, this once; null for clients that have none."""

    client_id = ma.fields.UUID(required=True)
    client_secret = ma.fields.String(required=True, allow_none=True)


@blueprint.route("", methods=["GET"], roles=REGISTRAR, policy="all clients")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, ClientList)
def list_clients(query: dict[str, Any]) -> dict[str, Any]:
    """The registry, disabled clients included."""
    after, limit = pagination.decode_id(query.get("cursor")), query["limit"]
    found = registration.clients(session(), after, limit + 1)
    more = pagination.encode_id(found[limit - 1].id) if len(found) > limit else None
    return {"items": found[:limit], "next_cursor": more}


@blueprint.route("", methods=["POST"], roles=REGISTRAR, policy="no object yet")
@blueprint.arguments(ClientInput)
@blueprint.response(201, ClientSecret)
def register(body: dict[str, Any]) -> dict[str, Any]:
    """Register a client; answers its secret, this once."""
    client, secret = registration.register_client(session(), actor(), NewClient(**body))
    return {"client_id": client.id, "client_secret": secret}


@blueprint.route("/<uuid:registered_id>", methods=["GET"], roles=REGISTRAR, policy="any client")
@blueprint.response(200, ClientItem)
def show_client(registered_id: uuid.UUID) -> OpenidClient:
    """One client."""
    return registration.registered(session(), registered_id)


@blueprint.route("/<uuid:registered_id>", methods=["PUT"], roles=REGISTRAR, policy="any client")
@blueprint.arguments(ClientInput)
@blueprint.response(200, ClientItem)
def change_client(body: dict[str, Any], registered_id: uuid.UUID) -> OpenidClient:
    """Replace what is registered; how it proves itself and its sector stay."""
    registration.change_client(session(), actor(), registered_id, NewClient(**body))
    return registration.registered(session(), registered_id)


@blueprint.route(
    "/<uuid:registered_id>/secret", methods=["POST"], roles=REGISTRAR, policy="any client"
)
@blueprint.response(201, ClientSecret)
def renew_secret(registered_id: uuid.UUID) -> dict[str, Any]:
    """Another secret; the old one is refused from now on."""
    secret = registration.renew_secret(session(), actor(), registered_id)
    return {"client_id": registered_id, "client_secret": secret}


@blueprint.route("/<uuid:registered_id>", methods=["DELETE"], roles=REGISTRAR, policy="any client")
@blueprint.response(204)
def disable_client(registered_id: uuid.UUID) -> None:
    """Refuse the client and all of its tokens from now on; the entry stays."""
    registration.disable_client(session(), actor(), registered_id)
