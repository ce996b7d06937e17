"""Errors of the provider: OAuth's JSON for programs, a plain page for people."""

import structlog
from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Response, current_app, json, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from api.errors import STATUS, language
from api.oidc.browser import page
from api.oidc.words import WORDS
from app.core import metrics
from app.core.errors import DomainError

log = structlog.get_logger()

#: What the API description says of a page.
HTML = {"description": "A page", "content": {"text/html": {}}}


def status_of(error: Exception) -> int:
    """The HTTP status of whatever went wrong."""
    if isinstance(error, DomainError):
        return next(status for kind, status in STATUS if isinstance(error, kind))
    if isinstance(error, HTTPException):
        return error.code or 500
    if isinstance(error, OAuth2Error):
        return int(error.status_code)
    return 503 if isinstance(error, DBAPIError | PoolTimeout) else 500


def oauth_error(error: Exception) -> Response:
    """`{"error", "error_description"}` as RFC 6749 has it."""
    if isinstance(error, OAuth2Error):
        status, body, headers = error()
        metrics.REFUSED.labels(f"openid_{body['error']}").inc()
        return current_app.response_class(json.dumps(body), status=status, headers=headers)
    status = status_of(error)
    name = {429: "temporarily_unavailable", 503: "temporarily_unavailable"}.get(
        status, "invalid_request" if status < 500 else "server_error"
    )
    response = current_app.response_class(
        json.dumps({"error": name}), status=status, mimetype="application/json"
    )
    wait = getattr(error, "retry_after", None)
    if status in (429, 503):
        response.headers["Retry-After"] = str(wait or 2)
    return response


def page_error(error: Exception) -> Response:
    """Whatever went wrong, on a page with fixed words."""
    status, words = status_of(error), WORDS[language()]
    if status == 500:
        log.error("openid_failed", error=type(error).__name__)
    text = error.words(language()) if isinstance(error, DomainError) else words["wrong_client"]
    back = request.path if status in (403, 429, 503) and request.method == "POST" else None
    response = page("message", status=status, title=words["wrong"], text=text, back=back)
    wait = getattr(error, "retry_after", None)
    if wait is not None:
        response.headers["Retry-After"] = str(wait)
    return response
