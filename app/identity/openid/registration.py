"""The client registry: who may sign people in through us, and where they are sent back to."""

import re
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import select

from app.audit.services import act_of, record
from app.core import clock
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.types import Actor
from app.identity.openid.errors import ClientNotValid
from app.identity.openid.models import OpenidClient
from app.identity.openid.scopes import SCOPES
from app.identity.openid.secrets import digest, new_secret

AUTH_METHODS = ("client_secret_basic", "private_key_jwt", "none")
MOST_URIS = 10
MOST_KEYS = 5
LEAST_RSA_BITS = 2_048

_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?(/[!-~]*)", re.ASCII)
_OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/[!-~]*", re.ASCII)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True)
class NewClient:
    """What a department registers. `jwks` only for `private_key_jwt`: public keys."""

    name: str
    department: str
    redirect_uris: list[str]
    scopes: list[str] = field(default_factory=lambda: ["openid", "profile"])
    auth_method: str = "client_secret_basic"
    application_type: str = "web"
    sector: str | None = None
    post_logout_redirect_uris: list[str] = field(default_factory=list)
    backchannel_logout_uri: str | None = None
    jwks: dict[str, Any] | None = None


def register_client(session: Session, by: Actor, new: NewClient) -> tuple[OpenidClient, str | None]:
    """Add a client. Returns it and, once and never again, its secret if it has one.

    Raises `ClientNotValid`.
    """
    sector = check(session, new)
    secret = new_secret("hbs_") if new.auth_method == "client_secret_basic" else None
    client = OpenidClient(
        id=new_id(),
        name=new.name,
        department=new.department,
        application_type=new.application_type,
        auth_method=new.auth_method,
        secret_hash=digest(secret) if secret else None,
        jwks=new.jwks,
        redirect_uris=new.redirect_uris,
        post_logout_redirect_uris=new.post_logout_redirect_uris,
        backchannel_logout_uri=new.backchannel_logout_uri,
        sector=sector,
        scopes=list(dict.fromkeys(["openid", *new.scopes])),
        created_at=clock.now(),
        disabled_at=None,
    )
    session.add(client)
    session.flush()
    _record(session, by, "openid.client_registered", client)
    return client, secret


def change_client(session: Session, by: Actor, client_id: uuid.UUID, new: NewClient) -> None:
    """Replace what is registered, except how the client proves itself and its sector.

    Raises `NotFound`, `ClientNotValid`; another sector would make everybody a stranger to it.
    """
    client = lock(session, client_id)
    check_change(session, client, new)
    for name in ("name", "department", "redirect_uris", "post_logout_redirect_uris"):
        setattr(client, name, getattr(new, name))
    client.backchannel_logout_uri = new.backchannel_logout_uri
    client.jwks = new.jwks
    client.scopes = list(dict.fromkeys(["openid", *new.scopes]))
    _record(session, by, "openid.client_changed", client)


def renew_secret(session: Session, by: Actor, client_id: uuid.UUID) -> str:
    """Give a client another secret; the old one is refused from now on. Raises `NotFound`."""
    client = lock(session, client_id)
    if client.auth_method != "client_secret_basic":
        raise NotFound
    secret = new_secret("hbs_")
    client.secret_hash = digest(secret)
    _record(session, by, "openid.client_secret_renewed", client)
    return secret


def disable_client(session: Session, by: Actor, client_id: uuid.UUID) -> None:
    """Refuse a client and all of its tokens from now on. Raises `NotFound`."""
    client = lock(session, client_id)
    if client.disabled_at is None:
        client.disabled_at = clock.now()
        _record(session, by, "openid.client_disabled", client)


def clients(session: Session, after: uuid.UUID | None, most: int) -> list[OpenidClient]:
    """The registry in the order it grew, disabled ones included."""
    found = select(OpenidClient).order_by(OpenidClient.id).limit(most)
    if after is not None:
        found = found.where(OpenidClient.id > after)
    return list(session.scalars(found))


def registered(session: Session, client_id: uuid.UUID) -> OpenidClient:
    """One client, disabled or not. Raises `NotFound`."""
    client = session.get(OpenidClient, client_id)
    if client is None:
        raise NotFound
    return client


def find_client(session: Session, text: str) -> OpenidClient | None:
    """The living client with exactly this `client_id`, else None."""
    try:
        client_id = uuid.UUID(text)
    except ValueError:
        return None
    client = session.get(OpenidClient, client_id)
    if client is None or client.disabled_at is not None or str(client.id) != text:
        return None
    return client


def may_redirect(client: OpenidClient, uri: str) -> bool:
    """Whether `uri` is exactly one of the client's.

    Programs on a device cannot know their loopback port beforehand: theirs may be any (RFC 8252).
    """
    if uri in client.redirect_uris:
        return True
    wished = _LOOPBACK.fullmatch(uri)
    if client.application_type != "native" or wished is None:
        return False
    own = [_LOOPBACK.fullmatch(each) for each in client.redirect_uris]
    return any(each is not None and each.groups() == wished.groups() for each in own)


def lock(session: Session, client_id: uuid.UUID) -> OpenidClient:
    """One client, locked. Raises `NotFound`."""
    client = session.get(OpenidClient, client_id, with_for_update=True)
    if client is None:
        raise NotFound
    return client


def _record(session: Session, by: Actor, action: str, client: OpenidClient) -> None:
    record(session, act_of(by, action, object_id=client.id))


def check_change(session: Session, client: OpenidClient, new: NewClient) -> None:
    """Refuse what would make it another client. Raises `ClientNotValid`."""
    sector = check(session, new)
    same = (client.auth_method, client.application_type, client.sector)
    _demand((new.auth_method, new.application_type, sector) == same, "auth_method, sector")


def check(session: Session, new: NewClient) -> str:
    """The sector of what is valid. Raises `ClientNotValid`."""
    strict = session.core.settings.production
    _demand(new.name.strip() and new.department.strip(), "name, department")
    _demand(new.auth_method in AUTH_METHODS, "auth_method")
    _demand(new.application_type in ("web", "native"), "application_type")
    _demand(set(new.scopes) <= set(SCOPES), "scopes")
    _demand(1 <= len(new.redirect_uris) <= MOST_URIS, "redirect_uris")
    _demand(len(new.post_logout_redirect_uris) <= MOST_URIS, "post_logout_redirect_uris")
    for uri in (*new.redirect_uris, *new.post_logout_redirect_uris):
        _demand(_good_uri(uri, new.application_type == "native", strict), f"URI {uri}")
    _demand((new.auth_method == "private_key_jwt") == (new.jwks is not None), "jwks")
    if new.jwks is not None:
        _demand(_public_keys(new.jwks), "jwks: public EC P-256 or RSA keys only")
    hosts = {urlsplit(uri).hostname or "" for uri in new.redirect_uris}
    if new.backchannel_logout_uri is not None:
        good = _good_uri(new.backchannel_logout_uri, False, strict)
        own = urlsplit(new.backchannel_logout_uri).hostname in hosts
        _demand(good and own, "backchannel_logout_uri: on a host of the redirect_uris")
    sector = new.sector or (hosts.pop() if len(hosts) == 1 else "")
    _demand(_HOST.fullmatch(sector), "sector: a host name, where there is not one for all URIs")
    return sector


def _good_uri(uri: str, native: bool, strict: bool) -> bool:
    if not re.fullmatch(r"[!-~]{1,500}", uri) or "#" in uri or "\\" in uri:
        return False
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname) and "@" not in parts.netloc and "*" not in parts.netloc
    if native and _OWN_SCHEME.fullmatch(uri):
        return True
    # Without https only to the same machine: programs always, sites while they are tried.
    return _LOOPBACK.fullmatch(uri) is not None and (native or (not strict and port is not None))


def _public_keys(jwks: dict[str, Any]) -> bool:
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 1 <= len(keys) <= MOST_KEYS:
        return False
    try:
        return all(_public_key(key) for key in keys)
    except (JoseError, ValueError, TypeError):
        return False


def _public_key(key: Any) -> bool:
    if not isinstance(key, dict) or "d" in key:
        return False
    if key.get("kty") == "EC" and key.get("crv") == "P-256":
        return bool(ECKey.import_key(key))
    # Six bits a character: a shorter modulus can be broken.
    long_enough = len(key.get("n", "")) * 6 >= LEAST_RSA_BITS
    return key.get("kty") == "RSA" and long_enough and bool(RSAKey.import_key(key))


def _demand(good: object, reason: str) -> None:
    if not good:
        raise ClientNotValid(reason=reason)
