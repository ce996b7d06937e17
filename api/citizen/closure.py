"""Closing my account."""

from typing import Any

import marshmallow as ma
from flask import Response

from api.blueprints import AudienceBlueprint
from api.citizen.phones import Code
from api.context import actor, session
from api.errors import language, problem
from api.schemas import Schema
from app.core.errors import DomainError
from app.identity.life import closing
from app.payments.obstacles import under_way

#: What must be over first.
OBSTACLES = (under_way,)

blueprint = AudienceBlueprint(
    "closure", __name__, audience="citizen", url_prefix="/api/v1/me/closure", description="Myself"
)


class ClosureRequest(Schema):
    """A code sent to my phone (purpose `closure`)."""

    code = Code(required=True)


class Kept(Schema):
    """What the law demands to keep, and which law."""

    what = ma.fields.String(required=True)
    law = ma.fields.String(required=True)


class ClosureShown(Schema):
    """When the account will be closed, and what stays."""

    id = ma.fields.UUID(required=True)
    due_on = ma.fields.Date(required=True, metadata={"description": "After 15 working days"})
    kept = ma.fields.List(ma.fields.Nested(Kept), required=True)


@blueprint.route("", methods=["POST"], policy="own account; a code of its phone")
@blueprint.arguments(ClosureRequest)
@blueprint.response(201, ClosureShown)
@blueprint.alt_response(409, description="`closure_refused`: `reasons` are still under way")
def ask_closure(body: dict[str, Any]) -> dict[str, Any] | Response:
    """Have my account closed after 15 working days. Every device is signed out at once; signing in
    again until then takes it back."""
    made = closing.request(session(), actor(), body["code"], OBSTACLES)
    if isinstance(made, DomainError):
        return problem(made)
    kept = [{"what": each[language()], "law": each["law"]} for each in made.kept]
    return {"id": made.id, "due_on": made.due_on, "kept": kept}
