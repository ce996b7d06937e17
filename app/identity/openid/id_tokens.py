"""What others verify: ID tokens and logout tokens, ES256, and the public keys for it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from app.core.keys import KeyRing

ALGORITHM = "ES256"
ID_TOKEN = "JWT"  # noqa: S105  # a type, no secret
LOGOUT_TOKEN = "logout+jwt"  # noqa: S105  # a type, no secret
#: Seconds.
ID_TOKEN_LIFE = 600

#: Order of the group of P-256; a private key lies below it.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class Hint:
    """What an ID token of ours that came back says; it may have expired long ago."""

    subject: str
    client_id: str
    sid: str | None


def public_keys(keys: KeyRing) -> dict[str, Any]:
    """The JWK set: next, current and previous, without what was killed."""
    ring = sorted(keys.usable("openid_tokens"), key=lambda key: key.kid)
    return {
        "keys": [
            {
                **_private(key.secret).as_dict(private=False),
                "kid": key.kid,
                "use": "sig",
                "alg": ALGORITHM,
            }
            for key in ring
        ]
    }


def sign(keys: KeyRing, kind: str, claims: dict[str, Any]) -> str:
    """A signed token of this kind (`typ`)."""
    key = keys.current("openid_tokens")
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": kind}
    return jwt.encode(header, claims, _private(key.secret), [ALGORITHM])


def read_hint(keys: KeyRing, issuer: str, text: str) -> Hint | None:
    """An ID token that we signed ourselves, expired or not; None for anything else."""
    try:
        key = keys.get("openid_tokens", _kid(text))
        if key is None:
            return None
        claims = jwt.decode(text, _private(key.secret), algorithms=[ALGORITHM]).claims
        hint = Hint(claims["sub"], claims["aud"], claims.get("sid"))
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return None
    texts = isinstance(hint.subject, str) and isinstance(hint.client_id, str)
    return hint if texts and claims.get("iss") == issuer else None


def _kid(text: str) -> str:
    """The kid of a header exactly as ours; the token chooses nothing."""
    found = jws.extract_compact(text.encode()).headers()
    if set(found) != {"alg", "kid", "typ"} or (found["alg"], found["typ"]) != (ALGORITHM, ID_TOKEN):
        raise ValueError
    return str(found["kid"])


@lru_cache(maxsize=16)
def _private(secret: bytes) -> ECKey:
    scalar = int.from_bytes(secret, "big") % (_ORDER - 1) + 1
    return ECKey.import_key(ec.derive_private_key(scalar, ec.SECP256R1()))
