"""A site that signs people in through us, and a browser on our pages."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from sqlalchemy import delete, select, update

from app.core.db import unit_of_work
from app.core.limits import Used
from app.core.runtime import Core
from app.core.types import Actor
from app.identity import login_codes
from app.identity.models import LoginCode
from app.identity.openid.models import OpenidClient
from app.identity.openid.registration import NewClient, register_client

CALLBACK = "https://site.example/callback"
ALL = ["openid", "profile", "phone", "real_name", "offline_access"]


@dataclass
class Site:
    """A client, as its developer has it."""

    core: Core
    row: OpenidClient
    secret: str | None
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def id(self) -> str:
        """The `client_id`."""
        return str(self.row.id)

    def parameters(self, **changed: Any) -> dict[str, str]:
        """A good authorisation request, with changes; None takes a parameter away."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest())
        good = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": self.row.redirect_uris[0],
            "scope": "openid profile",
            "state": "a state & more",
            "nonce": "a nonce",
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (good | changed).items() if value is not None}

    def address(self, **changed: Any) -> str:
        """Where the site sends somebody."""
        return f"/oauth/authorize?{urlencode(self.parameters(**changed))}"

    def form(self, code: str, /, **changed: Any) -> dict[str, str]:
        """A good token request, with changes."""
        good = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.row.redirect_uris[0],
            "code_verifier": self.verifier,
        }
        return {name: value for name, value in (good | changed).items() if value is not None}

    @property
    def basic(self) -> dict[str, str]:
        """`client_secret_basic`."""
        text = base64.b64encode(f"{self.id}:{self.secret}".encode()).decode()
        return {"Authorization": f"Basic {text}"}


class Browser:
    """What a person does on our pages, by plain links and forms."""

    def __init__(self, app: Any, core: Core) -> None:
        self.client = app.test_client()
        self.core = core
        self.at = ""

    def open(self, address: str, **options: Any) -> Any:
        """Follow our own redirects until there is a page, or the way leads elsewhere."""
        answer = self.client.get(address, **options)
        return self._follow(answer, address, **options)

    def press(self, page: Any, step: str, **fields: Any) -> Any:
        """Send the form of a page."""
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.get_data(as_text=True))
        data = {"csrf": csrf[1] if csrf else "", "step": step, **fields}
        return self._follow(self.client.post(self.at, data=data), self.at)

    def sign_in(self, page: Any, phone: str) -> Any:
        """Phone and code; returns what comes then."""
        page = self.press(page, "phone", phone=phone.removeprefix("+86"))
        assert page.status_code == 200, page.get_data(as_text=True)
        return self.press(page, "code", code=sent_code(self.core))

    def agree(self, page: Any, *scopes: str) -> str:
        """Agree to these scopes; returns where the browser is sent."""
        return self.press(page, "consent", scope=list(scopes)).headers["Location"]

    def _follow(self, answer: Any, address: str, **options: Any) -> Any:
        self.at = urlsplit(address).path
        where = answer.headers.get("Location", "")
        if answer.status_code == 303 and where.startswith("/"):
            return self.open(where, **options)
        return answer


def sent_code(core: Core) -> str:
    """The code of the newest text message, derived as the job that sends it does."""
    with unit_of_work(core) as session:
        row = session.scalars(select(LoginCode).order_by(LoginCode.created_at.desc())).first()
        return login_codes.derive(session, row)


def forget_texts(core: Core) -> None:
    """Let the texts sent so far be an hour old: they are sent a minute apart, five an hour."""
    with unit_of_work(core) as session:
        hour_ago = LoginCode.created_at - timedelta(hours=1)
        session.execute(update(LoginCode).values(created_at=hour_ago))
        session.execute(delete(Used))


def answer_of(location: str) -> dict[str, str]:
    """The parameters the client is answered with."""
    return dict(parse_qsl(urlsplit(location).query))


def text_of(page: Any) -> str:
    """What is written on a page."""
    return html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page.get_data(as_text=True)))


def make_site(core: Core, **changed: Any) -> Site:
    """A newly registered client."""
    values = {"name": "武汉测试站", "department": "市测试局", "redirect_uris": [CALLBACK]}
    with unit_of_work(core) as session:
        new = NewClient(**{**values, "scopes": ALL, **changed})
        row, secret = register_client(session, Actor("system"), new)
    return Site(core, row, secret)
