"""The public keys verifiers check codes with, signed by a root key the web process does not hold."""

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt import PyJWS
from sqlalchemy import select

from app.core import clock, freshness
from app.core.db import Session
from app.core.ids import new_id
from app.core.keys import KeyRefused, Purpose, StoredKey, add_key
from healthcode.errors import KeysNotPublished
from healthcode.models import VerifierKeySet

#: A verifier that has not seen a newer set by then must say so.
NEXT_UPDATE = timedelta(days=7)
PURPOSE: Purpose = "health_codes"


@dataclass(frozen=True)
class PublishedKeys:
    """The keys as JWKs, and the compact JWS by the root key that verifiers rely on."""

    keys: list[dict[str, str]]
    signature: str


def publish(session: Session, root_seed: bytes) -> VerifierKeySet:
    """Sign and store the set of all living keys; it is served from the commit on."""
    now = clock.now()
    living = select(StoredKey).where(StoredKey.purpose == PURPOSE, StoredKey.state != "killed")
    rows = session.scalars(living.order_by(StoredKey.created_at, StoredKey.kid))
    content = {
        "keys": [_jwk(row) for row in rows],
        "issued_at": now.isoformat(timespec="seconds"),
        "next_update": (now + NEXT_UPDATE).isoformat(timespec="seconds"),
    }
    made = VerifierKeySet(
        id=new_id(),
        signed=_signed(content, root_seed),
        issued_at=now,
        next_update=now + NEXT_UPDATE,
    )
    session.add(made)
    session.flush()
    return made


def published(session: Session) -> PublishedKeys:
    """The newest set. Raises `KeysNotPublished`."""
    newest = select(VerifierKeySet).order_by(
        VerifierKeySet.issued_at.desc(), VerifierKeySet.id.desc()
    )
    found = session.scalars(newest.limit(1)).one_or_none()
    if found is None:
        raise KeysNotPublished(retry_after=60)
    payload = found.signed.split(".")[1]
    content = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return PublishedKeys(content["keys"], found.signed)


def kill(session: Session, kid: str, root_seed: bytes) -> VerifierKeySet:
    """Refuse every code signed with this key within two seconds, and publish the set without it.

    The current key is succeeded by the next one, or by a new one. Raises `KeyRefused`.
    """
    row = session.get(StoredKey, (PURPOSE, kid), with_for_update=True)
    if row is None or row.state == "killed":
        raise KeyRefused(reason=f"no living health code key {kid}")
    was_current = row.state == "current"
    _set_state(session, row, "killed")
    if was_current:
        _succeed(session)
    freshness.mark(session, "keys", "*")
    return publish(session, root_seed)


def root_public(root_seed: bytes) -> str:
    """The root key's public half (base64url), which verifiers are given once by hand."""
    key = Ed25519PrivateKey.from_private_bytes(root_seed).public_key()
    return _base64url(key.public_bytes_raw())


def _succeed(session: Session) -> None:
    waiting = select(StoredKey).where(StoredKey.purpose == PURPOSE, StoredKey.state == "next")
    successor = session.scalars(waiting.with_for_update()).one_or_none()
    if successor is None:
        add_key(session, PURPOSE, "current")
    else:
        _set_state(session, successor, "current")


def _set_state(session: Session, row: StoredKey, state: str) -> None:
    row.state = state
    row.state_since = clock.now()
    session.flush()


def _jwk(row: StoredKey) -> dict[str, str]:
    if row.public is None:
        raise KeyRefused(reason=f"health code key {row.kid} has no public half")
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": _base64url(row.public),
        "alg": "EdDSA",
        "kid": row.kid,
        "use": "sig",
        "status": row.state,
    }


def _signed(content: dict[str, Any], root_seed: bytes) -> str:
    root = Ed25519PrivateKey.from_private_bytes(root_seed)
    headers = {"typ": "hb1-keys+jws"}
    return PyJWS().encode(json.dumps(content).encode(), root, algorithm="EdDSA", headers=headers)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
