"""The registry of department sites that sign people in through us."""

import uuid
from typing import Any

import marshmallow as ma

from api import pagination
from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.schemas import Page, Schema, Text
from app.identity.openid import proposals, registration
from app.identity.openid.models import OpenidClient, OpenidClientProposal
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
#: Who may be the second person.
EITHER: tuple[Role, ...] = ("client_registrar", "security_admin")
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


class ClientProposal(Schema):
    """What somebody proposes: a new client, other facts of one, or a new secret."""

    id = ma.fields.UUID(required=True)
    kind = ma.fields.String(required=True, validate=ONE_OF(["register", "change", "secret"]))
    client_id = ma.fields.UUID(required=True, allow_none=True)
    wanted = ma.fields.Nested(ClientInput, required=True, allow_none=True)
    proposed_by = ma.fields.String(required=True)
    proposed_at = ma.fields.AwareDateTime(required=True)
    decided_by = ma.fields.String(required=True, allow_none=True)
    decided_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    approved = ma.fields.Boolean(required=True, allow_none=True)
    mine = ma.fields.Boolean(required=True)
    secret_waits = ma.fields.Boolean(required=True)


class ClientProposals(Schema):
    """Latest first. `proposed_by` and `decided_by` are logins."""

    items = ma.fields.List(ma.fields.Nested(ClientProposal), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class Proposed(Schema):
    """Where it waits for the second person."""

    proposal_id = ma.fields.UUID(required=True)


class ClientSecret(Schema):
    """The secret, this once."""

    client_id = ma.fields.UUID(required=True)
    client_secret = ma.fields.String(required=True)


@blueprint.route("", methods=["GET"], roles=EITHER, policy="all clients")
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
@blueprint.response(202, Proposed)
def register(body: dict[str, Any]) -> dict[str, Any]:
    """Propose a client; it is registered once a second person approves."""
    row = proposals.propose_client(session(), actor(), NewClient(**body))
    return {"proposal_id": row.id}


@blueprint.route("/<uuid:registered_id>", methods=["GET"], roles=EITHER, policy="any client")
@blueprint.response(200, ClientItem)
def show_client(registered_id: uuid.UUID) -> OpenidClient:
    """One client."""
    return registration.registered(session(), registered_id)


@blueprint.route("/<uuid:registered_id>", methods=["PUT"], roles=REGISTRAR, policy="any client")
@blueprint.arguments(ClientInput)
@blueprint.response(202, Proposed)
def change_client(body: dict[str, Any], registered_id: uuid.UUID) -> dict[str, Any]:
    """Propose what is to be registered; how it proves itself and its sector stay."""
    row = proposals.propose_change(session(), actor(), registered_id, NewClient(**body))
    return {"proposal_id": row.id}


@blueprint.route(
    "/<uuid:registered_id>/secret", methods=["POST"], roles=REGISTRAR, policy="any client"
)
@blueprint.response(202, Proposed)
def renew_secret(registered_id: uuid.UUID) -> dict[str, Any]:
    """Propose another secret; the old one is good until it is made."""
    row = proposals.propose_secret(session(), actor(), registered_id)
    return {"proposal_id": row.id}


@blueprint.route("/<uuid:registered_id>", methods=["DELETE"], roles=EITHER, policy="any client")
@blueprint.response(204)
def disable_client(registered_id: uuid.UUID) -> None:
    """Refuse the client and all of its tokens from now on; the entry stays. One person is enough."""
    registration.disable_client(session(), actor(), registered_id)


@blueprint.route("/proposals", methods=["GET"], roles=EITHER, policy="all proposals")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, ClientProposals)
def list_proposals(query: dict[str, Any]) -> dict[str, Any]:
    """What was proposed, by whom, and who decided."""
    before, limit = pagination.decode_id(query.get("cursor")), query["limit"]
    found = proposals.proposals(session(), before, limit + 1)
    more = pagination.encode_id(found[limit - 1][0].id) if len(found) > limit else None
    return {"items": [_shown(*each) for each in found[:limit]], "next_cursor": more}


@blueprint.route(
    "/proposals/<uuid:proposal_id>/approval",
    methods=["POST"],
    roles=EITHER,
    policy="a proposal of another officer",
)
@blueprint.response(204)
def approve(proposal_id: uuid.UUID) -> None:
    """Approve, as the second person: it counts at once."""
    proposals.approve(session(), actor(), proposal_id)


@blueprint.route(
    "/proposals/<uuid:proposal_id>", methods=["DELETE"], roles=EITHER, policy="any proposal"
)
@blueprint.response(204)
def refuse(proposal_id: uuid.UUID) -> None:
    """Turn a proposal down, or take one's own back."""
    proposals.refuse(session(), actor(), proposal_id)


@blueprint.route(
    "/proposals/<uuid:proposal_id>/secret",
    methods=["POST"],
    roles=REGISTRAR,
    policy="one's own proposal, once approved",
)
@blueprint.response(201, ClientSecret)
def collect_secret(proposal_id: uuid.UUID) -> dict[str, Any]:
    """Make the secret and answer it, once, within seven days; an older one is refused from now on."""
    client_id, secret = proposals.collect_secret(session(), actor(), proposal_id)
    return {"client_id": client_id, "client_secret": secret}


def _shown(row: OpenidClientProposal, proposed_by: str, decided_by: str | None) -> dict[str, Any]:
    mine = row.proposed_by == actor().officer
    return {
        **{name: getattr(row, name) for name in ("id", "kind", "client_id", "wanted")},
        **{name: getattr(row, name) for name in ("proposed_at", "decided_at", "approved")},
        **{"proposed_by": proposed_by, "decided_by": decided_by, "mine": mine},
        "secret_waits": mine and proposals.secret_waits(row),
    }
