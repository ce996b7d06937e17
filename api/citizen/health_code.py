"""My health code: declare, open."""

from typing import Any

import marshmallow as ma

from api.blueprints import AudienceBlueprint
from api.context import actor, session, world
from api.errors import language
from api.schemas import Schema
from healthcode import rulebook
from healthcode.deciding import Answers
from healthcode.issuing import declare, take_back
from healthcode.presenting import ShownCode, open_code, show, subject_reached

blueprint = AudienceBlueprint(
    "health_code",
    __name__,
    audience="citizen",
    url_prefix="/api/v1/health-code",
    description="Health code",
)

CONTACT = ["yes", "no", "unknown"]
RISK_AREA = ["low", "medium", "high"]
STATES = ["none", "grey", "active"]
COLOURS = ["green", "yellow", "red", "unknown"]


class Subject(Schema):
    """Whose code: myself when left out."""

    subject_id = ma.fields.UUID(load_default=None)


class DeclarationRequest(Schema):
    """What I declare, and that it is true."""

    temperature_c = ma.fields.Float(required=True, validate=ma.validate.Range(34, 43))
    symptoms = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(rulebook.current().symptoms)),
        required=True,
        validate=ma.validate.Length(max=len(rulebook.current().symptoms)),
    )
    contact = ma.fields.String(required=True, validate=ma.validate.OneOf(CONTACT))
    risk_area = ma.fields.String(required=True, validate=ma.validate.OneOf(RISK_AREA))
    confirmed_true = ma.fields.Boolean(required=True, validate=ma.validate.Equal(True))


class ReasonAnswer(Schema):
    """Why the code has its state and colour."""

    code = ma.fields.String(required=True)
    text = ma.fields.String(required=True)
    rule = ma.fields.String(required=True)
    since = ma.fields.AwareDateTime(required=True)
    until = ma.fields.AwareDateTime(required=True, allow_none=True)


class CodeAnswer(Schema):
    """The status, and a code to show when it is active."""

    state = ma.fields.String(required=True, validate=ma.validate.OneOf(STATES))
    colour = ma.fields.String(required=True, validate=ma.validate.OneOf(COLOURS))
    reasons = ma.fields.List(ma.fields.Nested(ReasonAnswer), required=True)
    code = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "HB1:…, null unless active; new at each call"},
    )
    issued_at = ma.fields.AwareDateTime(required=True)
    expires_at = ma.fields.AwareDateTime(required=True)
    refresh_after = ma.fields.Integer(
        required=True, metadata={"description": "Seconds until the code should be opened anew"}
    )


@blueprint.route(
    "/declaration", methods=["PUT"], policy="own code, or a child's as guardian", level="real_name"
)
@blueprint.arguments(Subject, location="query")
@blueprint.arguments(DeclarationRequest)
@blueprint.response(200, CodeAnswer)
@blueprint.alt_response(403, description="below fourteen a guardian declares")
@blueprint.alt_response(404, description="neither myself nor a child I am the guardian of")
def declare_health(query: dict[str, Any], body: dict[str, Any]) -> ShownCode:
    """Declare my health, or that of a child as guardian; the answer is the status it leads to."""
    answers = Answers(
        body["temperature_c"], sorted(set(body["symptoms"])), body["contact"], body["risk_area"]
    )
    status = declare(session(), world().health_authority, actor(), answers, query["subject_id"])
    return show(session(), status, language())


@blueprint.route(
    "/declaration",
    methods=["DELETE"],
    policy="own code, or a child's as guardian",
    level="real_name",
)
@blueprint.arguments(Subject, location="query")
@blueprint.response(204)
@blueprint.alt_response(404, description="neither myself nor a child I am the guardian of")
def take_declaration_back(query: dict[str, Any]) -> None:
    """Withdraw my consent to the health code, or that given for a child; the code ends."""
    take_back(session(), actor(), query["subject_id"])


@blueprint.route("", methods=["GET"], policy="own code, or by mandate", level="real_name")
@blueprint.arguments(Subject, location="query")
@blueprint.response(200, CodeAnswer)
@blueprint.alt_response(404, description="not myself")
def open_health_code(query: dict[str, Any]) -> ShownCode:
    """Open my code, or that of somebody who gave me a mandate to show it."""
    person_id = subject_reached(session(), actor(), query["subject_id"])
    return open_code(session(), person_id, language())
