"""Blueprints that know their audience. Each route is: admit, parse, act, commit, answer."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import marshmallow as ma
from flask import Request, Response, g, make_response, request
from flask_smorest import Blueprint
from webargs.flaskparser import FlaskParser

from api import idempotency
from api.context import world
from api.guards import admit
from api.registry import ActsFor, Admission, Audience, Idempotency, Route
from app.core.db import Session, unit_of_work
from app.core.errors import InvalidInput, NotFound
from app.identity.staff.models import Role

View = Callable[..., Any]

DEFAULT_LEVEL: dict[Audience, Admission] = {
    "public": "anonymous",
    "citizen": "phone",
    "verifier": "phone",
    "officer": "second_factor",
    "ops": "operator",
    "callbacks": "anonymous",
    "openid": "anonymous",
}


class StrictParser(FlaskParser):
    """Unknown query fields are errors; JSON beyond Python's own limits is malformed, no failure."""

    def __init__(self) -> None:
        super().__init__()
        self.DEFAULT_UNKNOWN_BY_LOCATION = {
            **self.DEFAULT_UNKNOWN_BY_LOCATION,
            "query": ma.RAISE,
        }

    def _raw_load_json(self, req: Request) -> Any:
        try:
            return super()._raw_load_json(req)
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise
        except (ValueError, RecursionError):
            raise json.JSONDecodeError("beyond the limits", "?", 0) from None


class AudienceBlueprint(Blueprint):
    """A blueprint that cannot be made without an audience, nor have a route without a guard."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, import_name: str, *, audience: Audience, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.audience = audience
        self.routes: list[Route] = []

    def arguments(self, schema: Any, **options: Any) -> Any:
        """As flask-smorest's, with the schema made once instead of at every request."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)

    def route(
        self,
        rule: str,
        *,
        policy: str,
        level: Admission | None = None,
        roles: tuple[Role, ...] | None = None,
        idempotent: Idempotency = False,
        at_doors: bool = False,
        acts_for: ActsFor = "self",
        before_proof: bool = False,
        **options: Any,
    ) -> Callable[[View], View]:
        """Register a view. `policy` says which relation between actor and object is checked.

        A route of officers says by `roles` whose it is: any of these, or any officer's if empty.
        """

        def decorate(view: View) -> View:
            line = Route(
                rule=(self.url_prefix or "") + rule,
                methods=tuple(options.get("methods", ["GET"])),
                audience=self.audience,
                chapter=self.description,
                level=level or DEFAULT_LEVEL[self.audience],
                policy=policy,
                idempotent=idempotent,
                takes_query=_has_query_schema(view),
                at_doors=at_doors or self.audience == "verifier",
                roles=roles,
                acts_for=acts_for,
                before_proof=before_proof,
            )
            self.routes.append(line)
            guarded = _edge(view, line)
            self.add_url_rule(rule, view.__name__, guarded, **options)
            return guarded

        return decorate


def _edge(view: View, route: Route) -> View:
    @wraps(view)
    def run(*args: Any, **kwargs: Any) -> Response:
        with unit_of_work(world().core) as session:
            g.session = session
            g.actor = admit(route, session)
            _refuse_strange_input(route, kwargs)
            response = _answer(session, route, lambda: make_response(view(*args, **kwargs)))
        for finish in g.pop("finishing", ()):
            finish(response)
        return response

    run.huiban_route = route  # type: ignore[attr-defined]
    # An automatic OPTIONS would answer past the guard.
    run.provide_automatic_options = False  # type: ignore[attr-defined]
    return run


def _answer(session: Session, route: Route, act: Callable[[], Response]) -> Response:
    if not route.idempotent:
        return act()
    return idempotency.once(session, route, g.actor, act)


def _refuse_strange_input(route: Route, path: dict[str, Any]) -> None:
    for value in path.values():
        # A broken code point arrives as the replacement character.
        if isinstance(value, str) and (not value.isprintable() or "\ufffd" in value):
            raise NotFound
    if not request.query_string or route.audience == "openid":
        # OAuth demands that unknown parameters are ignored, and looks for repeated ones itself.
        return
    if request.args and not route.takes_query:
        raise InvalidInput(fields={name: ["Unknown field."] for name in request.args})
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        raise InvalidInput(fields={name: ["Given more than once."] for name in repeated})


def _has_query_schema(view: View) -> bool:
    arguments = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    return any(each.get("in") == "query" for each in arguments)
