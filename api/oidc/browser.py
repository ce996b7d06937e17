"""Pages for people: our own cookie, forms that only we can have shown, headers without script."""

import base64
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.context import finish, world
from api.errors import language
from api.oidc.words import WORDS
from app.identity.openid.requests import form_token
from app.identity.openid.secrets import new_secret

TEMPLATES = Path(__file__).parent / "templates"
STYLE = (TEMPLATES / "style.css").read_text()
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
#: Longer than our own secrets is nobody's cookie.
LONGEST_COOKIE = 100

_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def cookie() -> str:
    """This browser's secret, or nothing."""
    value = request.cookies.get(_name(), "")
    return value if len(value) <= LONGEST_COOKIE else ""


def cookie_or_new() -> str:
    """This browser's secret; one that has none gets one with the answer."""
    value = cookie()
    if not value:
        value = new_secret()
        set_cookie(value)
    return value


def set_cookie(value: str) -> None:
    """Give the browser this secret, once what it stands for is committed; empty takes it away."""
    secure = world().core.settings.secure_cookies

    def attach(response: Response) -> None:
        response.set_cookie(
            _name(),
            value,
            max_age=None if value else 0,
            path="/",
            secure=secure,
            httponly=True,
            # The site that sends somebody here is another one, so `Strict` would hide the cookie.
            samesite="Lax",
        )

    finish(attach)


def page(
    template: str, *, status: int = 200, leads_to: str | None = None, **facts: Any
) -> Response:
    """A page of ours. `leads_to` is where its form may end: browsers watch redirects of forms too."""
    spoken = language()
    text = _environment.get_template(f"{template}.html").render(
        words=WORDS[spoken], lang="en" if spoken == "en" else "zh-CN", style=STYLE, **facts
    )
    response = current_app.response_class(text, status=status, mimetype="text/html")
    policy = {
        "default-src": "'none'",
        "style-src": f"'sha256-{STYLE_HASH}'",
        "form-action": f"'self' {_origin(leads_to)}".strip(),
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    response.headers["Content-Security-Policy"] = "; ".join(map(" ".join, policy.items()))
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response


def token_for(form: str) -> str:
    """What a form shown in this browser carries."""
    return form_token(cookie(), form)


def see_other(address: str) -> Response:
    """Go there with GET."""
    return current_app.response_class(status=303, headers={"Location": address})


def _name() -> str:
    # Browsers refuse the prefix without Secure, which plain http on loopback cannot have.
    return "__Host-huiban-openid" if world().core.settings.secure_cookies else "huiban_openid"


def _origin(address: str | None) -> str:
    if address is None:
        return ""
    parts = urlsplit(address)
    if parts.scheme in ("http", "https"):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"
