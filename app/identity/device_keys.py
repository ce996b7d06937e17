"""A device's own key (设备密钥): where a client has one, a stolen refresh token alone is worth nothing.

The client makes a P-256 key in the device's secure hardware, hands over the public half when it signs in
and signs each refresh. A proof is a compact JWS (RFC 7515): header `{"alg": "ES256", "typ":
"huiban-refresh+jwt"}`, payload `{"rth": base64url(SHA-256(refresh token))}`. It binds one generation of
one family, so it needs no clock and cannot serve again once the token is exchanged.
"""

import base64
import hashlib
import hmac
from typing import cast

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

TYPE = "huiban-refresh+jwt"
_ALGORITHM = "ES256"


def normalise(text: str) -> str | None:
    """A P-256 public key (SubjectPublicKeyInfo, DER in base64) in its one spelling, or None."""
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return None
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def proves(public_key: str, refresh_token: str, proof: str | None) -> bool:
    """Whether `proof` is the device's signature on exactly this refresh token."""
    if proof is None:
        return False
    try:
        key = cast(ec.EllipticCurvePublicKey, load_der_public_key(base64.b64decode(public_key)))
        if jwt.get_unverified_header(proof) != {"alg": _ALGORITHM, "typ": TYPE}:
            return False
        claims = jwt.decode(proof, key, algorithms=[_ALGORITHM])
    except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError):
        return False
    if set(claims) != {"rth"} or not isinstance(claims["rth"], str):
        return False
    return hmac.compare_digest(claims["rth"].encode(), thumbprint(refresh_token).encode())


def thumbprint(refresh_token: str) -> str:
    """What a proof names its refresh token by: base64url(SHA-256), without padding."""
    digest = hashlib.sha256(refresh_token.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
