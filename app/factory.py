"""Making the Flask application. Blueprints and commands arrive from `composition.py`."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click
import structlog
from flask import Flask, g, request
from flask_smorest import Blueprint
from structlog.contextvars import bind_contextvars, clear_contextvars
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from app.connectors.world import World
from app.core import metrics
from app.core.ids import new_id

log = structlog.get_logger()

#: Bytes of a request body; uploads set their own limit on their own route.
MAX_BODY = 256 * 1024
#: Methods that metrics tell apart; anybody can invent more.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True)
class Package:
    """What one package brings to the application."""

    blueprints: Sequence[Blueprint] = ()
    commands: Sequence[click.Command] = ()


class SyncFlask(Flask):
    """Flask that does not ask of each function, at each request, whether it is asynchronous."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """All ours are plain functions."""
        return func


def create_app(world: World, packages: Sequence[Package], extension: str) -> Flask:
    """A Flask application that serves `packages`. May be called any number of times a process."""
    app = SyncFlask("huiban", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.compact = True  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions[extension] = world
    app.before_request(_begin)
    app.after_request(_finish)
    if world.core.settings.access_log:
        app.after_request(_log_access)
    for package in packages:
        for command in package.commands:
            app.cli.add_command(command)
    return app


def trust_proxies(app: Flask, count: int) -> None:
    """Take address and scheme from what our own `count` proxies say. Goes on last: around all else."""
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]


def _begin() -> None:
    g.began = time.perf_counter()
    clear_contextvars()
    bind_contextvars(trace_id=new_id().hex)


def _finish(response: Response) -> Any:
    seconds = time.perf_counter() - g.get("began", time.perf_counter())
    asked, headers = request._get_current_object(), response.headers  # type: ignore[attr-defined]
    rule = asked.url_rule
    route = rule.rule if rule is not None else "unknown"
    method = asked.method if asked.method in METHODS else "other"
    metrics.REQUESTS.labels(method, route, str(response.status_code)).observe(seconds)
    headers.add("X-Content-Type-Options", "nosniff")
    headers.add("X-Trace-Id", structlog.contextvars.get_contextvars().get("trace_id", ""))
    headers.setdefault("Cache-Control", "no-store")
    if response.status_code >= 500 or seconds > 1:
        log.warning("slow_or_failed_request", **_facts(response))
    return response


def _log_access(response: Response) -> Any:
    log.info("request", **_facts(response))
    return response


def _facts(response: Response) -> dict[str, Any]:
    """What a log may say of a request: the rule, never the address asked for or its query."""
    rule = request.url_rule
    return {
        "method": request.method if request.method in METHODS else "other",
        "route": rule.rule if rule is not None else "unknown",
        "status": response.status_code,
        "duration_ms": round(
            (time.perf_counter() - g.get("began", time.perf_counter())) * 1_000, 1
        ),
    }
