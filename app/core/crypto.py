"""Field encryption and blind indexes for personal data at rest.

A sealed field is `kid (8 bytes) | nonce (12) | AES-256-GCM ciphertext + tag`; its associated data is
table, column and row, so a value copied to another row or column does not open.
"""

import hashlib
import hmac
import os
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.errors import Unavailable
from app.core.keys import KeyRing

_KID = 8
_NONCE = 12


@dataclass(frozen=True)
class Field:
    """Where a sealed value lives."""

    table: str
    column: str
    row: uuid.UUID

    @property
    def associated_data(self) -> bytes:
        """What binds the ciphertext to its place."""
        return f"{self.table}.{self.column}.{self.row}".encode()


class Unreadable(Unavailable):
    """A sealed value that does not open: a killed or not yet known key, another row's, or damage."""

    code = "data_unreadable"

    def __init__(self, place: str) -> None:
        super().__init__(retry_after=5)
        self.place = place


def seal(keys: KeyRing, field: Field, plain: str) -> bytes:
    """Encrypt `plain` for this one place."""
    return seal_bytes(keys, field, plain.encode())


def unseal(keys: KeyRing, field: Field, sealed: bytes) -> str:
    """Decrypt. Raises `Unreadable`."""
    return unseal_bytes(keys, field, sealed).decode()


def seal_bytes(keys: KeyRing, field: Field, plain: bytes) -> bytes:
    """Encrypt bytes for this one place."""
    key = keys.current("fields")
    nonce = os.urandom(_NONCE)
    sealed = _cipher(key.secret).encrypt(nonce, plain, field.associated_data)
    return key.kid.encode() + nonce + sealed


def unseal_bytes(keys: KeyRing, field: Field, sealed: bytes) -> bytes:
    """Decrypt bytes. Raises `Unreadable`."""
    key = keys.get("fields", sealed[:_KID].decode("ascii", "replace"))
    if key is None:
        raise Unreadable(f"{field.table}.{field.column}: key unknown or killed")
    nonce, body = sealed[_KID : _KID + _NONCE], sealed[_KID + _NONCE :]
    try:
        return _cipher(key.secret).decrypt(nonce, body, field.associated_data)
    except InvalidTag:
        raise Unreadable(f"{field.table}.{field.column}: not this row's value") from None


def blind_index(
    keys: KeyRing, purpose: Literal["blind_phone", "blind_document"], value: str
) -> bytes:
    """A keyed digest (HMAC-SHA256) that finds equal values without showing them."""
    return hmac.digest(keys.current(purpose).secret, value.encode(), hashlib.sha256)


@lru_cache(maxsize=16)
def _cipher(secret: bytes) -> AESGCM:
    return AESGCM(secret)
