"""The text of a health code: `HB1:` + Base45(COSE_Sign1(CWT claims)). See docs/code-format.md.

The layout never varies, so reading takes the bytes from their places, writes the code anew from them
and compares: exactly one byte string is accepted for one content, and no general CBOR decoder ever
sees bytes from outside. Algorithm and keys are ours; a token can only name a key id.
"""

import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from healthcode import base45
from healthcode.colours import Colour

PREFIX = "HB1:"
#: Characters; checked before anything is done with a text.
MAX_LENGTH = 512
#: Bytes of a key id; ours have eight.
MAX_KID = 16
#: A code is never good for longer, whoever signed it.
MAX_LIFE = timedelta(hours=24)
#: How far another of our machines' clock may be ahead.
SKEW = timedelta(seconds=60)

Refusal = Literal["malformed", "bad_signature", "unknown_key", "expired"]
KeyLookup = Callable[[str], Ed25519PublicKey | None]

COLOURS: tuple[Colour, ...] = ("green", "yellow", "red")

_SIGN1 = 18
_ALG, _KID, _EDDSA = 1, 4, -8
_EXP, _IAT, _CTI = 4, 6, 7
_SIGNATURE = 64
#: The claims map: heads of keys and values are skipped, times have four bytes, the id sixteen.
_CLAIMS = struct.Struct(">3xI2xI2x16s2xB")


class CodeRefused(Exception):
    """The text is not a code we accept."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason: Refusal = reason


@dataclass(frozen=True)
class Claims:
    """What a code says: which status, its colour, and between which moments (whole seconds)."""

    status_id: uuid.UUID
    colour: Colour
    issued_at: datetime
    expires_at: datetime


def sign(claims: Claims, kid: str, key: Ed25519PrivateKey) -> str:
    """The code's text, signed by `key`, which verifiers know as `kid`."""
    payload = _payload(claims)
    signature = key.sign(_to_be_signed(kid, payload))
    return PREFIX + base45.encode(_envelope(kid, payload, signature))


def verify(text: str, find_key: KeyLookup, now: datetime) -> Claims:
    """What the code says, if it is ours and good at `now`. Raises `CodeRefused`, nothing else."""
    kid, payload, signature = _split(_bytes(text))
    key = find_key(kid)
    if key is None:
        raise CodeRefused("unknown_key")
    try:
        key.verify(signature, _to_be_signed(kid, payload))
    except InvalidSignature:
        raise CodeRefused("bad_signature") from None
    claims = _claims(payload)
    if not claims.issued_at - SKEW <= now < claims.expires_at:
        raise CodeRefused("expired")
    return claims


def _bytes(text: str) -> bytes:
    if len(text) > MAX_LENGTH or not text.startswith(PREFIX):
        raise CodeRefused("malformed")
    try:
        return base45.decode(text[len(PREFIX) :])
    except ValueError:
        raise CodeRefused("malformed") from None


def _split(data: bytes) -> tuple[str, bytes, bytes]:
    """Key id, payload and signature of a COSE_Sign1 in the one form we write."""
    protected_end = 3 + (int.from_bytes(data[2:3]) & 0x1F)
    kid = data[8:protected_end]
    payload = data[-_SIGNATURE - 2 - _CLAIMS.size : -_SIGNATURE - 2]
    signature = data[-_SIGNATURE:]
    try:
        text = kid.decode()
    except UnicodeDecodeError:
        raise CodeRefused("malformed") from None
    if len(kid) > MAX_KID or _envelope(text, payload, signature) != data:
        raise CodeRefused("malformed")
    return text, payload, signature


def _claims(payload: bytes) -> Claims:
    expires, issued, status_id, colour = _CLAIMS.unpack(payload)
    if colour >= len(COLOURS) or not 0 < expires - issued <= MAX_LIFE.total_seconds():
        raise CodeRefused("malformed")
    claims = Claims(
        status_id=uuid.UUID(bytes=status_id),
        colour=COLOURS[colour],
        issued_at=datetime.fromtimestamp(issued, UTC),
        expires_at=datetime.fromtimestamp(expires, UTC),
    )
    if _payload(claims) != payload:
        raise CodeRefused("malformed")
    return claims


def _payload(claims: Claims) -> bytes:
    return cbor2.dumps(
        {
            _EXP: int(claims.expires_at.timestamp()),
            _IAT: int(claims.issued_at.timestamp()),
            _CTI: claims.status_id.bytes,
            "c": COLOURS.index(claims.colour),
        }
    )


def _protected(kid: str) -> bytes:
    return cbor2.dumps({_ALG: _EDDSA, _KID: kid.encode()})


def _to_be_signed(kid: str, payload: bytes) -> bytes:
    """The Sig_structure of RFC 9052, 4.4, without external data."""
    return cbor2.dumps(["Signature1", _protected(kid), b"", payload])


def _envelope(kid: str, payload: bytes, signature: bytes) -> bytes:
    return cbor2.dumps(cbor2.CBORTag(_SIGN1, [_protected(kid), {}, payload, signature]))
