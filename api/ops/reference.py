"""The API's own description."""

from typing import Any

import marshmallow as ma
from flask import Response, jsonify

from api.blueprints import AudienceBlueprint
from api.openapi import document
from api.schemas import Schema, Text

blueprint = AudienceBlueprint("reference", __name__, audience="public", description="Operations")


class ReferenceQuery(Schema):
    """Only what one audience may call."""

    audience = Text(
        20,
        load_default=None,
        validate=ma.validate.OneOf(["citizen", "verifier", "officer", "department"]),
    )


@blueprint.route("/openapi.json", methods=["GET"], policy="anybody")
@blueprint.arguments(ReferenceQuery, location="query")
@blueprint.response(200, description="OpenAPI 3.1")
def openapi(query: dict[str, Any]) -> Response:
    """The OpenAPI document."""
    response = jsonify(document(query["audience"]))
    response.headers["Cache-Control"] = "public, max-age=60"
    return response
