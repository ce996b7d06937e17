"""Access tokens (JWT, RFC 9068 manner, for ourselves only) and refresh tokens (derived, opaque)."""

import base64
import binascii
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import jwt
from jwt.utils import base64url_decode, base64url_encode

from app.core import clock
from app.core.keys import Key, KeyRing
from app.core.types import LEVELS, Actor, SessionUse
from app.identity.errors import TokenRefused

ISSUER = "huiban"
#: A session opened at a door has tokens of an audience of its own.
AUDIENCES: dict[SessionUse, str] = {"citizen": "huiban-api", "verifier": "huiban-doors"}
TYPE = "at+jwt"
#: Seconds.
ACCESS_LIFE = 600
SKEW = 60

_ALGORITHM = "HS256"
_MAC = 32
_USES = {audience: use for use, audience in AUDIENCES.items()}
_REFRESH_BYTES = 8 + 16 + 4 + _MAC


@dataclass(frozen=True)
class RefreshToken:
    """What a refresh token with a good seal says. It is still to be judged against its family."""

    family_id: uuid.UUID
    generation: int


def issue_access(keys: KeyRing, actor: Actor, at: datetime) -> str:
    """A signed access token for `actor`, good for ACCESS_LIFE seconds."""
    claims: dict[str, str | int | None] = {
        "sub": str(actor.citizen_id),
        "sid": str(actor.session_id),
        "lvl": actor.level,
    }
    if actor.person_id is not None:
        claims["pid"] = str(actor.person_id)
    if actor.level_until is not None:
        claims["lvu"] = int(actor.level_until.timestamp())
    if actor.organisation_id is not None:
        claims["org"] = str(actor.organisation_id)
    if actor.unproved:
        claims["unp"] = 1
    return sign(keys, AUDIENCES[actor.use], claims, at)


def sign(keys: KeyRing, audience: str, claims: Mapping[str, str | int | None], at: datetime) -> str:
    """A token of ours with these claims for one audience, good for ACCESS_LIFE seconds."""
    key = keys.current("access_tokens")
    issued = int(at.timestamp())
    whole = {"iss": ISSUER, "aud": audience, "iat": issued, "exp": issued + ACCESS_LIFE, **claims}
    return jwt.encode(whole, key.secret, _ALGORITHM, headers={"kid": key.kid, "typ": TYPE})


def read_access(keys: KeyRing, token: str) -> Actor:
    """The actor an access token speaks for. Raises `TokenRefused` for anything else."""
    return read(keys, token, _actor)


def read(keys: KeyRing, token: str, make: Callable[[dict[str, Any]], Actor]) -> Actor:
    """What `make` makes of the claims of a token with our seal; it judges the audience. Raises
    `TokenRefused` for anything else.

    The algorithm is fixed and the key is looked up by exact id among our own: nothing in the token
    chooses how it is verified.
    """
    try:
        key = keys.get("access_tokens", _kid_of(token.partition(".")[0]))
        if key is None:
            raise TokenRefused
        return make(_content(token, key))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise TokenRefused from None


def _content(token: str, key: Key) -> dict[str, Any]:
    """The claims of a token that bears our seal and whose time has come and not gone.

    PyJWT's own verification is meant for tokens of any kind and costs a quarter of a whole request; it
    stays the judge of this one in the tests.
    """
    signed, _, seal = token.rpartition(".")
    mac = hmac.digest(key.secret, signed.encode("ascii"), hashlib.sha256)
    if not hmac.compare_digest(seal.encode(), base64url_encode(mac)):
        raise TokenRefused
    claims: dict[str, Any] = json.loads(base64url_decode(signed.partition(".")[2]))
    at = clock.now().timestamp()
    if claims["iss"] != ISSUER or not claims["iat"] - SKEW <= at < claims["exp"] + SKEW:
        raise TokenRefused
    return claims


@lru_cache(maxsize=64)
def _kid_of(header: str) -> str:
    """The kid of a header exactly as we write it; anything more or else is refused."""
    content = json.loads(base64url_decode(header.encode()))
    if set(content) != {"alg", "kid", "typ"}:
        raise TokenRefused
    if (content["alg"], content["typ"]) != (_ALGORITHM, TYPE):
        raise TokenRefused
    return str(content["kid"])


def _actor(claims: dict[str, Any]) -> Actor:
    level = claims["lvl"]
    if level not in LEVELS:
        raise TokenRefused
    person, organisation = claims.get("pid"), claims.get("org")
    until = datetime.fromtimestamp(claims["lvu"], UTC) if level == "face" else None
    if until is not None and until <= clock.now():
        level, until = "real_name", None
    return Actor(
        "citizen",
        citizen_id=uuid.UUID(claims["sub"]),
        person_id=uuid.UUID(person) if person else None,
        session_id=uuid.UUID(claims["sid"]),
        use=_USES[claims["aud"]],
        level=level,
        level_until=until,
        organisation_id=uuid.UUID(organisation) if organisation else None,
        unproved="unp" in claims,
    )


def derive_refresh(
    keys: KeyRing, family_id: uuid.UUID, generation: int, use: bytes = b"refresh"
) -> str:
    """The refresh token of one generation: always the same text, stored nowhere.

    `use` keeps tokens of different tables apart.
    """
    key = keys.current("refresh_tokens")
    body = key.kid.encode() + family_id.bytes + generation.to_bytes(4, "big")
    return base64.urlsafe_b64encode(body + _mac(key.secret, use, body)).decode()


def read_refresh(keys: KeyRing, text: str, use: bytes = b"refresh") -> RefreshToken:
    """Check the seal of a refresh token. Raises `TokenRefused`."""
    try:
        raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise TokenRefused from None
    if len(raw) != _REFRESH_BYTES:
        raise TokenRefused
    body, mac = raw[:-_MAC], raw[-_MAC:]
    key = keys.get("refresh_tokens", body[:8].decode("ascii", "replace"))
    if key is None or not hmac.compare_digest(mac, _mac(key.secret, use, body)):
        raise TokenRefused
    return RefreshToken(uuid.UUID(bytes=body[8:24]), int.from_bytes(body[24:28], "big"))


def _mac(secret: bytes, use: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, use + b"|" + body, hashlib.sha256)
