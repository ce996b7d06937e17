"""The keys codes are signed with, parsed once per process."""

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.core.keys import KeyRing
from healthcode import token
from healthcode.token import Claims, KeyLookup


def sign_code(ring: KeyRing, claims: Claims) -> str:
    """The code's text under the current key."""
    key = ring.current("health_codes")
    return token.sign(claims, key.kid, _private(key.secret))


def public_keys(ring: KeyRing) -> KeyLookup:
    """Finds the public key of a kid in the ring as it stands: a killed key is found no more."""

    def find(kid: str) -> Ed25519PublicKey | None:
        key = ring.get("health_codes", kid)
        return None if key is None else _public(key.secret)

    return find


@lru_cache(maxsize=16)
def _private(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


@lru_cache(maxsize=16)
def _public(seed: bytes) -> Ed25519PublicKey:
    return _private(seed).public_key()
