"""Life, readiness, public status, metrics."""

from functools import cache
from pathlib import Path
from typing import Any

import marshmallow as ma
from alembic.script import ScriptDirectory
from flask import Response, make_response
from prometheus_client import CONTENT_TYPE_LATEST

from api.blueprints import AudienceBlueprint
from api.context import session, world
from api.schemas import Schema
from app.audit import figures as audit_figures
from app.core import metrics, readiness
from app.core.errors import Unavailable
from app.identity import spraying
from app.identity.openid import figures as openid_figures
from app.payments import figures as payment_figures
from app.privacy import figures as privacy_figures

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

#: What is read from the database when somebody looks.
FIGURES = (
    payment_figures.read,
    spraying.figures,
    audit_figures.read,
    privacy_figures.read,
    openid_figures.read,
)

blueprint = AudienceBlueprint("ops", __name__, audience="ops", description="Operations")


class NotReady(Unavailable):
    """Not everything needed is up. Fact: `waiting_for`."""

    code = "not_ready"
    zh = "服务尚未就绪：{waiting_for}"
    en = "Not ready yet: {waiting_for}"


class Health(Schema):
    """The process lives."""

    status = ma.fields.String(required=True)


class Readiness(Schema):
    """Ready to serve, perhaps with parts missing that only make it slower."""

    status = ma.fields.String(required=True)
    degraded = ma.fields.List(ma.fields.String(), required=True)


class Status(Readiness):
    """What the public is told: step 0 to 3 of the degradation ladder and a banner."""

    step = ma.fields.Integer(required=True)
    banner = ma.fields.String(required=True, allow_none=True)
    demonstration = ma.fields.Boolean(
        required=True, metadata={"description": "People, bills and amounts are invented"}
    )


@blueprint.route("/healthz", methods=["GET"], level="anonymous", policy="anybody")
@blueprint.response(200, Health)
def healthz() -> dict[str, str]:
    """The process lives."""
    return {"status": "ok"}


@blueprint.route("/readyz", methods=["GET"], level="anonymous", policy="anybody")
@blueprint.response(200, Readiness)
def readyz() -> dict[str, Any]:
    """The database can be reached and is migrated."""
    missing = readiness.missing(session(), known_revisions(), world().core.settings.stubs_url)
    if missing:
        raise NotReady(waiting_for=", ".join(missing), retry_after=1)
    return {"status": "ready", "degraded": readiness.degraded(world().core)}


@blueprint.route("/ops/status", methods=["GET"], level="anonymous", policy="anybody")
@blueprint.response(200, Status)
def status() -> dict[str, Any]:
    """The step of the degradation ladder and which parts are degraded."""
    core = world().core
    degraded = [*readiness.degraded(core), *readiness.degraded_beside_web(core)]
    return {
        "status": "degraded" if degraded else "ok",
        "step": 0,
        "degraded": degraded,
        "banner": None,
        "demonstration": not world().core.settings.production,
    }


@blueprint.route("/metrics", methods=["GET"], policy="operators' addresses")
@blueprint.response(200, content_type="text/plain", description="Prometheus text format")
def show_metrics() -> Response:
    """Metrics of all processes and the queues."""
    found = [figure for read in FIGURES for figure in read(session())]
    return make_response(metrics.render(session(), found), {"Content-Type": CONTENT_TYPE_LATEST})


@cache
def known_revisions() -> tuple[str, ...]:
    """The revisions this code knows, oldest first."""
    newest_first = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return tuple(each.revision for each in newest_first)[::-1]
