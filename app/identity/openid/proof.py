"""How a client proves that it is itself: by secret, by signature, or, if it can keep none, not at all."""

import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from app.core import clock
from app.core.db import Session
from app.identity.openid.models import OpenidAssertion, OpenidClient
from app.identity.openid.registration import find_client
from app.identity.openid.secrets import digest

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ["ES256", "PS256", "RS256"]
LONGEST_LIFE = timedelta(minutes=5)
SKEW = timedelta(seconds=60)
#: Seconds since 1970 that are a time at all.
LATEST = 10**11


def by_secret(session: Session, client_id: str, secret: str) -> OpenidClient | None:
    """The client, if this is its secret."""
    client = find_client(session, client_id)
    if client is None or client.secret_hash is None:
        return None
    return client if hmac.compare_digest(client.secret_hash, digest(secret)) else None


def by_name_only(session: Session, client_id: str) -> OpenidClient | None:
    """The client, if it is one that cannot keep a secret; PKCE is all that protects its codes."""
    client = find_client(session, client_id)
    return client if client is not None and client.auth_method == "none" else None


def by_assertion(session: Session, assertion: str, audiences: set[str]) -> OpenidClient | None:
    """The client that signed `assertion` for one of these audiences, which is used up by that."""
    unverified_client_id = _unverified_subject(assertion)
    client = find_client(session, unverified_client_id) if unverified_client_id else None
    if client is None or client.jwks is None:
        return None
    claims = _verified(client.jwks, assertion)
    if claims is None or not _holds(claims, str(client.id), audiences):
        return None
    return client if _use_up(session, client, claims) else None


def forget_old(session: Session) -> int:
    """Delete assertions that nobody could use any more. Returns how many."""
    old = delete(OpenidAssertion).where(OpenidAssertion.expires_at < clock.now())
    return session.connection().execute(old).rowcount


def _unverified_subject(assertion: str) -> str | None:
    try:
        claims = json.loads(jws.extract_compact(assertion.encode()).payload)
    except (JoseError, ValueError, TypeError, RecursionError):
        return None
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return subject if isinstance(subject, str) else None


def _verified(jwks: dict[str, Any], assertion: str) -> dict[str, Any] | None:
    try:
        keys = KeySet.import_key_set(jwks)  # type: ignore[arg-type]  # checked at registration
        # With one key there is nothing to choose, so a `kid` need not be said.
        key = keys.keys[0] if len(keys.keys) == 1 else keys
        return jwt.decode(assertion, key, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, RecursionError):
        return None


def _holds(claims: dict[str, Any], client_id: str, audiences: set[str]) -> bool:
    jti, now, skew = claims.get("jti"), clock.now().timestamp(), SKEW.total_seconds()
    ends = _ends(claims)
    return (
        claims.get("iss") == claims.get("sub") == client_id
        and bool(_texts(claims.get("aud")) & audiences)
        and now - skew < ends <= now + LONGEST_LIFE.total_seconds() + skew
        and _number(claims.get("iat", now), default=ends) <= now + skew
        and _number(claims.get("nbf", now), default=ends) <= now + skew
        and isinstance(jti, str)
        and 1 <= len(jti) <= 256
    )


def _ends(claims: dict[str, Any]) -> float:
    """Five minutes after it was made at the latest: some libraries say an hour and cannot be told."""
    expires = _number(claims.get("exp"), default=0)
    made = _number(claims.get("iat"), default=expires)
    return min(expires, made + LONGEST_LIFE.total_seconds())


def _texts(value: object) -> set[str]:
    found = value if isinstance(value, list) else [value]
    return {each for each in found if isinstance(each, str)}


def _number(value: object, *, default: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > LATEST:
        return default
    return float(value)


def _use_up(session: Session, client: OpenidClient, claims: dict[str, Any]) -> bool:
    row = insert(OpenidAssertion).values(
        client_id=client.id,
        jti_hash=digest(claims["jti"]),
        expires_at=datetime.fromtimestamp(_ends(claims), UTC) + SKEW,
    )
    first = row.on_conflict_do_nothing().returning(OpenidAssertion.client_id)
    return session.execute(first).scalar() is not None
