"""Random secrets that we give out and keep only as digests."""

import hashlib
import secrets

BYTES = 32


def new_secret(prefix: str = "") -> str:
    """A secret of 32 random bytes; the prefix tells people and scanners what it is."""
    return prefix + secrets.token_urlsafe(BYTES)


def digest(text: str) -> bytes:
    """SHA-256: enough for what is random; nobody can guess 32 bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
