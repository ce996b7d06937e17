"""The OpenAPI document: the whole truth about the API, also by audience."""

from copy import deepcopy
from typing import Any

from flask import Flask, current_app

from api.chapters import CHAPTERS, heading
from api.registry import Audience

TITLE = "汇办 Huiban"
PROBLEM = "application/problem+json"
PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}
VERSION = "v1"


def configure(app: Flask) -> None:
    """Settings flask-smorest reads when it is attached. Pages and document are served by `ops`."""
    app.config["API_TITLE"] = TITLE
    app.config["API_VERSION"] = VERSION
    app.config["OPENAPI_VERSION"] = "3.1.0"
    app.config["API_SPEC_OPTIONS"] = {
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            }
        }
    }


def document(audience: Audience | None) -> dict[str, Any]:
    """The document for one audience (None: all), finished with what the routes know."""
    finished = deepcopy(_spec())
    finished["paths"] = {
        path: kept
        for path, operations in finished["paths"].items()
        if (kept := _operations(path, operations, audience))
    }
    finished["tags"] = _tags(finished["paths"])
    for response in finished.get("components", {}).get("responses", {}).values():
        content = response.get("content", {})
        if "application/json" in content:
            content[PROBLEM] = content.pop("application/json")
    return finished


def _spec() -> dict[str, Any]:
    apis = current_app.extensions["flask-smorest"]["apis"]
    spec: dict[str, Any] = apis[""]["ext_obj"].spec.to_dict()
    return spec


def _operations(path: str, operations: dict[str, Any], audience: Audience | None) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for method, operation in operations.items():
        if method == "parameters":
            continue
        route = _routes().get((path, method.upper()))
        if route is None or (audience is not None and route.audience not in (audience, "public")):
            continue
        kept[method] = _finish(operation, route)
    if kept and "parameters" in operations:
        kept["parameters"] = operations["parameters"]
    return kept


def _tags(paths: dict[str, Any]) -> list[dict[str, str]]:
    """The chapters these operations are in."""
    used = {
        tag
        for operations in paths.values()
        for method, operation in operations.items()
        if method != "parameters"
        for tag in operation["tags"]
    }
    return [
        {"name": name, "description": about}
        for title, (_, about) in CHAPTERS.items()
        if (name := heading(title)) in used
    ]


def _finish(operation: dict[str, Any], route: Any) -> dict[str, Any]:
    # flask-smorest's is the blueprint's own name.
    operation["tags"] = [heading(route.chapter)]
    operation["x-audience"] = route.audience
    operation["x-level"] = route.level
    if route.acts_for != "self":
        operation["x-acts-for"] = route.acts_for
    responses = operation.setdefault("responses", {})
    responses.pop("default", None)
    if route.audience == "openid":
        # Its forms, answers and errors are the standard's.
        return operation
    if route.level not in ("anonymous", "operator"):
        operation["security"] = [{"bearer": []}]
    problem = {"$ref": "#/components/responses/DEFAULT_ERROR"}
    for code in _refusals(operation, route):
        responses.setdefault(code, problem)
    for code, response in responses.items():
        # Said of a route by `alt_response`: why. What it looks like is always the same.
        if code >= "400" and "$ref" not in response and route.audience != "callbacks":
            response.setdefault("content", {PROBLEM: {"schema": PROBLEM_SCHEMA}})
    if route.idempotent:
        responses.setdefault("409", problem)
        operation.setdefault("parameters", []).append(
            {
                "in": "header",
                "name": "Idempotency-Key",
                "required": route.idempotent == "money",
                "schema": {"type": "string", "minLength": 1, "maxLength": 128},
            }
        )
    return operation


def _refusals(operation: dict[str, Any], route: Any) -> list[str]:
    """What any route of this kind may answer; a view names what only it does (`alt_response`)."""
    codes = ["422", "429", "503"]
    if "requestBody" in operation:
        codes += ["400", "413", "415"]
    if "<" in route.rule or route.level == "operator":
        # A stranger at an operators' route finds nothing there.
        codes += ["404"]
    if route.level not in ("anonymous", "operator"):
        codes += ["401", "403"]
    return codes


def _routes() -> dict[tuple[str, str], Any]:
    """(OpenAPI path, method) → line of the route table."""
    found: dict[tuple[str, str], Any] = {}
    for rule in current_app.url_map.iter_rules():
        view = current_app.view_functions[rule.endpoint]
        route = getattr(view, "huiban_route", None)
        if route is not None:
            path = _openapi_path(rule.rule)
            for method in route.methods:
                found[path, method] = route
    return found


def _openapi_path(rule: str) -> str:
    parts = []
    for part in rule.split("/"):
        if part.startswith("<") and part.endswith(">"):
            parts.append("{" + part[1:-1].rpartition(":")[2] + "}")
        else:
            parts.append(part)
    return "/".join(parts)
