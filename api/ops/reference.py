"""The API's own description."""

from typing import Any

import marshmallow as ma
from flask import Response, current_app, jsonify, make_response, redirect, render_template
from werkzeug.wrappers import Response as WerkzeugResponse

from api.blueprints import AudienceBlueprint
from api.openapi import document
from api.schemas import Schema, Text

blueprint = AudienceBlueprint(
    "reference",
    __name__,
    audience="public",
    template_folder="templates",
    description="The API's description",
)


CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


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
    response = jsonify(document(_spec(), query["audience"]))
    response.headers["Cache-Control"] = "public, max-age=60"
    return response


@blueprint.route("/", methods=["GET"], policy="anybody")
@blueprint.response(302, description="To /docs")
def front_door() -> WerkzeugResponse:
    """Whoever opens the bare address in a browser is shown the description."""
    return redirect("/docs")


@blueprint.route("/docs", methods=["GET"], policy="anybody")
@blueprint.response(200, content_type="text/html", description="The description for people")
def reference_page() -> Response:
    """The same, to read in a browser; nothing is loaded from another host."""
    page = render_template("reference.html", document=document(_spec(), None))
    return make_response(page, {"Content-Security-Policy": CSP, "Cache-Control": "no-cache"})


def _spec() -> dict[str, Any]:
    spec: dict[str, Any] = current_app.extensions["flask-smorest"]["apis"][""][
        "ext_obj"
    ].spec.to_dict()
    return spec
