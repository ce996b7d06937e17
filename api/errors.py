"""Every error leaves as application/problem+json (RFC 9457) with a stable code."""

from typing import Any

import marshmallow as ma
import structlog
from flask import Flask, Response, current_app, json, request
from flask_smorest import Api
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.contextvars import get_contextvars
from werkzeug.datastructures import LanguageAccept
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_accept_header

from app.core import errors, metrics

log = structlog.get_logger()

#: Characters of Accept-Language that are read, and fields that are named, at most.
LONGEST_WISH = 200
MOST_FIELDS = 20

#: Category → status, most particular first. The only place where domain errors meet HTTP.
STATUS: tuple[tuple[type[errors.DomainError], int], ...] = (
    (errors.NotAuthenticated, 401),
    (errors.NotAllowed, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Gone, 410),
    (errors.InvalidInput, 422),
    (errors.TooManyRequests, 429),
    (errors.Unavailable, 503),
)

#: Errors of the web framework, by status: our code and words.
HTTP_WORDS: dict[int, tuple[str, str, str]] = {
    400: ("malformed_request", "请求格式不正确。", "The request is malformed."),
    404: ("not_found", errors.NotFound.zh, errors.NotFound.en),
    405: ("method_not_allowed", "不支持的请求方法。", "This address does not know that method."),
    413: ("too_large", "提交的内容过大。", "The request is too large."),
    415: ("unsupported_media_type", "请使用 JSON 格式提交。", "Please send JSON."),
    422: ("invalid_input", errors.InvalidInput.zh, errors.InvalidInput.en),
    500: ("internal_error", "系统出现异常，请稍后再试。", "Something went wrong on our side."),
}


#: PostgreSQL is there but cannot do it now; the last one is a standby that is not yet promoted.
UNAVAILABLE = (
    pg.QueryCanceled,
    pg.LockNotAvailable,
    pg.AdminShutdown,
    pg.IdleInTransactionSessionTimeout,
    pg.ReadOnlySqlTransaction,
)


class DatabaseUnavailable(errors.Unavailable):
    """PostgreSQL cannot be reached, or did not answer within its time."""

    code = "database_unavailable"


class Problem(ma.Schema):
    """An error (RFC 9457)."""

    type = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    code = ma.fields.String(required=True, metadata={"description": "Stable, snake_case"})
    detail = ma.fields.String(required=True, metadata={"description": "zh-CN or en"})
    errors = ma.fields.Dict(metadata={"description": "Field → messages"})
    retry_after = ma.fields.Integer(metadata={"description": "Seconds, as in `Retry-After`"})
    trace_id = ma.fields.String(allow_none=True)


class ProblemApi(Api):
    """flask-smorest with problem+json for whatever it or the framework refuses."""

    ERROR_SCHEMA = Problem

    def handle_http_exception(self, error: HTTPException) -> Response:
        """The framework's refusal (bad JSON, failed schema, unknown address) as a problem."""
        status = error.code or 500
        code, zh, en = HTTP_WORDS.get(status, HTTP_WORDS[500] if status >= 500 else HTTP_WORDS[400])
        data = getattr(error, "data", None) or {}
        response = _response(status, code, en if language() == "en" else zh, _fields(data))
        if status == 405 and getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]
        return response


def _fields(data: dict[str, Any]) -> dict[str, Any] | None:
    messages = data.get("messages")
    if not isinstance(messages, dict):
        return None
    flat: dict[str, Any] = {}
    for place, found in messages.items():
        flat.update(found if isinstance(found, dict) else {place: found})
    return {str(name): found for name, found in flat.items()}


def language() -> str:
    """ "en" when the client prefers English, else "zh"."""
    wished = request.headers.get("Accept-Language", "")[:LONGEST_WISH]
    accepted = parse_accept_header(wished, LanguageAccept)
    return "en" if accepted.best_match(["zh-CN", "zh", "en"], default="zh") == "en" else "zh"


def problem(error: errors.DomainError) -> Response:
    """The answer to a domain error. A view returns it when the refusal itself must be remembered."""
    status = next(code for kind, code in STATUS if isinstance(error, kind))
    facts = error.facts
    if error.retry_after is not None:
        facts = {**facts, "retry_after": error.retry_after}
    response = _response(status, error.code, error.words(language()), error.fields, facts)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _response(
    status: int,
    code: str,
    detail: str,
    fields: dict[str, Any] | None = None,
    facts: dict[str, Any] | None = None,
) -> Response:
    body: dict[str, Any] = {
        **(facts or {}),
        "type": f"urn:huiban:problem:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "code": code,
        "detail": detail,
        "trace_id": get_contextvars().get("trace_id"),
    }
    if fields:
        body["errors"] = dict(list(fields.items())[:MOST_FIELDS])
    metrics.REFUSED.labels(code).inc()
    # A name that came in may hold half a surrogate pair, which has no form in UTF-8.
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    response = current_app.response_class(text, status=status, mimetype="application/problem+json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _database_error(error: DBAPIError | PoolTimeout) -> Response:
    original = getattr(error, "orig", None)
    waited = isinstance(original, UNAVAILABLE)
    if isinstance(error, PoolTimeout | OperationalError) or waited:
        log.warning("database_unavailable", error=type(original or error).__name__)
        return problem(DatabaseUnavailable(retry_after=2))
    return _unexpected(error)


def _unexpected(error: Exception) -> Response:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else None
    log.error("unexpected_error", error=type(error).__name__, where=where)
    code, zh, en = HTTP_WORDS[500]
    return _response(500, code, en if language() == "en" else zh)


def register(app: Flask) -> None:
    """Attach the handlers flask-smorest does not bring."""
    app.register_error_handler(errors.DomainError, problem)
    app.register_error_handler(DBAPIError, _database_error)
    app.register_error_handler(PoolTimeout, _database_error)
    app.register_error_handler(Exception, _unexpected)
