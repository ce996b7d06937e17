"""Authorisation requests that wait for a person. Each belongs to one browser and ends after 10 min."""

import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete

from app.core import clock, crypto, limits
from app.core.db import Session
from app.core.ids import new_id
from app.core.limits import Quota
from app.identity.openid.errors import FormRefused, RequestGone
from app.identity.openid.models import OpenidClient, OpenidRequest
from app.identity.openid.secrets import digest

LIFE = timedelta(minutes=10)
#: Nobody need be signed in to begin, so whoever begins is counted: in ten minutes, as long as one waits.
PER_ADDRESS = Quota("openid_request_address", 3_000, 600)
PER_NETWORK = Quota("openid_request_network", 30_000, 600)

#: The parameters we know; all others are ignored, as the standard demands.
KNOWN = (
    *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce"),
    *("code_challenge", "code_challenge_method", "prompt", "max_age", "acr_values"),
    "id_token_hint",
)


@dataclass(frozen=True)
class Wish:
    """What a valid request asks for."""

    redirect_uri: str
    scopes: frozenset[str]
    prompt: frozenset[str]
    max_age: int | None
    acr_values: tuple[str, ...]
    #: The subject that the client expects to be signed in.
    expected_subject: str | None


@dataclass(frozen=True)
class Waiting:
    """A stored request, opened by its own browser."""

    row: OpenidRequest
    client: OpenidClient
    parameters: dict[str, str]
    wish: Wish


@dataclass(frozen=True)
class Source:
    """Where a request comes from: the browser's secret and its network address."""

    browser: str
    address: str


def keep(
    session: Session, client: OpenidClient, source: Source, parameters: dict[str, str]
) -> uuid.UUID:
    """Store a request whose parameters have been found valid. Returns its id.

    Raises `TooManyRequests`: the rows that somebody who never signs in leaves behind are bounded.
    """
    limits.consume(session, PER_ADDRESS, source.address)
    limits.consume(session, PER_NETWORK, limits.network_of(source.address))
    at, row_id = clock.now(), new_id()
    text = json.dumps({name: parameters[name] for name in KNOWN if name in parameters})
    row = OpenidRequest(
        id=row_id,
        client_id=client.id,
        browser_hash=digest(source.browser),
        parameters_sealed=crypto.seal(session.core.keys, _field(row_id, "parameters"), text),
        phone_sealed=None,
        created_at=at,
        expires_at=at + LIFE,
        finished_at=None,
    )
    session.add(row)
    session.flush()
    return row_id


def resume(session: Session, request_id: uuid.UUID, browser: str) -> Waiting:
    """The request, locked, if it waits in this browser. Raises `RequestGone`."""
    row = session.get(OpenidRequest, request_id, with_for_update=True)
    if (
        row is None
        or row.finished_at is not None
        or row.expires_at <= clock.now()
        or not hmac.compare_digest(row.browser_hash, digest(browser))
    ):
        raise RequestGone
    client = session.get_one(OpenidClient, row.client_id)
    if client.disabled_at is not None:
        raise RequestGone
    sealed = crypto.unseal(session.core.keys, _field(row.id, "parameters"), row.parameters_sealed)
    parameters = json.loads(sealed)
    return Waiting(row, client, parameters, wish_of(parameters))


def wish_of(parameters: dict[str, str]) -> Wish:
    """Valid parameters, taken apart."""
    age = parameters.get("max_age")
    return Wish(
        redirect_uri=parameters["redirect_uri"],
        scopes=frozenset(parameters["scope"].split()),
        prompt=frozenset(parameters.get("prompt", "").split()),
        max_age=int(age) if age is not None else None,
        acr_values=tuple(parameters.get("acr_values", "").split()),
        expected_subject=parameters.get("id_token_hint"),
    )


def finish(waiting: Waiting) -> None:
    """Nothing more can be done with this request."""
    waiting.row.finished_at = clock.now()


def remember_phone(session: Session, waiting: Waiting, phone: str | None) -> None:
    """Note where the code was sent (E.164), or that another phone is to be asked for."""
    field = _field(waiting.row.id, "phone")
    waiting.row.phone_sealed = crypto.seal(session.core.keys, field, phone) if phone else None


def phone_of(session: Session, waiting: Waiting) -> str | None:
    """Where the code was sent, if one was."""
    sealed = waiting.row.phone_sealed
    if sealed is None:
        return None
    return crypto.unseal(session.core.keys, _field(waiting.row.id, "phone"), sealed)


def form_token(browser: str, form: str) -> str:
    """What a form must carry to prove that we showed it in the browser with this cookie."""
    return hmac.digest(browser.encode(), f"form|{form}".encode(), hashlib.sha256).hex()


def check_form(browser: str, form: str, token: str) -> None:
    """Raises `FormRefused` unless `token` is this browser's for this form."""
    expected = form_token(browser, form)
    if not browser or not hmac.compare_digest(expected.encode(), token.encode()):
        raise FormRefused


def forget_old(session: Session) -> int:
    """Delete requests that have ended. Returns how many."""
    old = delete(OpenidRequest).where(OpenidRequest.expires_at < clock.now())
    return session.connection().execute(old).rowcount


def _field(row_id: uuid.UUID, what: str) -> crypto.Field:
    return crypto.Field("openid_requests", f"{what}_sealed", row_id)
