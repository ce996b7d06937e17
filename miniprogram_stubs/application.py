"""Puts the outside world together as one WSGI application."""

import os

from flask import Flask, Response, jsonify
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from miniprogram_stubs import health_authority, inputs, outages, people, population, sms, wechat
from miniprogram_stubs.world import load_world

_LARGEST_BODY_BYTES = 1024 * 1024


class RefusesProductionError(RuntimeError):
    """Somebody tried to start stand-ins of the real parties next to real people's data."""


class _ReadableJson(DefaultJSONProvider):
    """Keeps Chinese readable and fields in the order in which the real parties list them."""

    ensure_ascii = False
    sort_keys = False


def refuse_production() -> None:
    """Raises RefusesProductionError when HUIBAN_ENV says production."""
    if os.environ.get("HUIBAN_ENV", "").strip().lower() == "production":
        raise RefusesProductionError("miniprogram_stubs does not start with HUIBAN_ENV=production")


def create_app(world_path: str) -> Flask:
    """The application for the world in this file; its state lives and dies with the object."""
    refuse_production()
    world = load_world(world_path)
    app = Flask("miniprogram_stubs", static_folder=None)
    app.json = _ReadableJson(app)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY_BYTES
    inputs.register_errors(app)
    app.register_error_handler(HTTPException, _http_error)
    app.add_url_rule("/healthz", view_func=_healthz)

    failures = outages.Outages()
    inbox = sms.Inbox()
    platform = wechat.Wechat(world.wechat)
    records = health_authority.Records.of_world(world)
    for blueprint in (
        sms.party(world, inbox, failures),
        sms.demonstration_calls(inbox),
        wechat.party(platform, failures),
        wechat.demonstration_calls(world, platform),
        population.party(world, failures),
        health_authority.party(world, records, failures),
        health_authority.demonstration_calls(world, records),
        outages.demonstration_calls(failures),
        people.demonstration_calls(world),
    ):
        app.register_blueprint(blueprint)
    return app


def _healthz() -> Response:
    return jsonify({"status": "ok"})


def _http_error(error: HTTPException) -> tuple[Response, int]:
    """Unknown paths, wrong methods and our own mistakes, as JSON."""
    status = error.code or 500
    name = error.name.lower().replace(" ", "_")
    return jsonify({"error": name, "message": error.description}), status
