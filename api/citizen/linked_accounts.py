"""My users in departments' systems."""

import uuid
from typing import Any

import marshmallow as ma

from api.blueprints import AudienceBlueprint
from api.context import actor, session
from api.errors import language
from api.schemas import Schema
from app.identity.legacy import linking
from app.identity.legacy.linking import LinkedAccount

blueprint = AudienceBlueprint(
    "linked_accounts",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/me/linked-accounts",
    description="Myself",
)


class LinkedAccountShown(Schema):
    """A user of mine in a department's system."""

    id = ma.fields.UUID(required=True)
    source = ma.fields.String(required=True, metadata={"description": "The system's name"})
    external_id_masked = ma.fields.String(required=True)
    registered_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    linked_at = ma.fields.AwareDateTime(required=True)
    unlinked_at = ma.fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "null: it is linked"}
    )


class LinkedAccounts(Schema):
    """Latest first."""

    items = ma.fields.List(ma.fields.Nested(LinkedAccountShown), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


@blueprint.route("", methods=["GET"], level="real_name", policy="own links")
@blueprint.response(200, LinkedAccounts)
def list_linked_accounts() -> dict[str, Any]:
    """My users in departments' systems, linked by my real name."""
    found = linking.my_links(session(), actor())
    return {"items": [_shown(each) for each in found], "next_cursor": None}


@blueprint.route("/<uuid:linked_id>", methods=["DELETE"], level="real_name", policy="own link")
@blueprint.response(204)
def unlink_account(linked_id: uuid.UUID) -> None:
    """End the link. It comes back by my own word alone."""
    linking.unlink(session(), actor(), linked_id)


@blueprint.route("/<uuid:linked_id>/link", methods=["POST"], level="real_name", policy="own link")
@blueprint.response(204)
def link_account_again(linked_id: uuid.UUID) -> None:
    """Link it again after all."""
    linking.link_again(session(), actor(), linked_id)


def _shown(linked: LinkedAccount) -> dict[str, Any]:
    source = linked.source
    return vars(linked) | {"source": source.name_en if language() == "en" else source.name_zh}
