"""WeChat Pay v3: signing, verifying, decrypting. Pure: no network, no files, no clock.

Source: pay.weixin.qq.com/doc/v3, build-verify-sign-src and payment-notice. Signatures are
RSASSA-PKCS1-v1_5 with SHA-256, both ways; secrets travel in AES-256-GCM under the APIv3 key.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from app.payments.providers.base import Unverified

SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
CIPHER: Final = "AEAD_AES_256_GCM"
#: WeChat signs wrongly on purpose now and then, to see whether we look.
PROBE: Final = "WECHATPAY/SIGNTEST/"
#: Seconds by which the signed time may differ from ours, exclusive.
WINDOW: Final = 300
_NONCE_BYTES: Final = 12


@dataclass(frozen=True)
class PlatformKey:
    """One of WeChat Pay's own keys: of a platform certificate, or a public key with an id."""

    key: RSAPublicKey
    #: When the certificate begins and ends to hold; a public key has no such time.
    not_before: datetime | None = None
    not_after: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether the certificate is within its time."""
        begun = self.not_before is None or self.not_before <= now
        return begun and (self.not_after is None or now <= self.not_after)


@dataclass(frozen=True)
class Signed:
    """The signature headers of a callback or an answer, as they came: nothing is proved yet."""

    timestamp: str
    nonce: str
    serial: str
    signature: str

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Signed":
        """Read the headers. Raises `Unverified`."""
        values = [
            headers.get(f"Wechatpay-{name}") or ""
            for name in ("Timestamp", "Nonce", "Serial", "Signature")
        ]
        if not all(values):
            raise Unverified("missing_header")
        if (headers.get("Wechatpay-Signature-Type") or SCHEME) != SCHEME:
            raise Unverified("unsupported")
        return cls(*values)


def verify(signed: Signed, body: bytes, keys: Mapping[str, PlatformKey], now: datetime) -> None:
    """Raise `Unverified` unless one of `keys` signed exactly these bytes within the window.

    The serial names the key and nothing more: a public key's id or a certificate's serial, whichever
    of the two WeChat uses while a merchant changes from one to the other.
    """
    if signed.signature.startswith(PROBE):
        raise Unverified("probe")
    known = keys.get(signed.serial)
    if known is None or not known.holds(now):
        raise Unverified("unknown_key")
    try:
        # Header text is Latin-1 (WSGI), so this gives back the bytes that came.
        text = f"{signed.timestamp}\n{signed.nonce}\n".encode("latin-1")
        signature = base64.b64decode(signed.signature, validate=True)
        known.key.verify(signature, text + body + b"\n", PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        raise Unverified("wrong_signature") from None
    if not re.fullmatch(r"[0-9]{1,12}", signed.timestamp):
        raise Unverified("stale")
    if abs(now.timestamp() - int(signed.timestamp)) >= WINDOW:
        raise Unverified("stale")


def decrypt(resource: Mapping[str, object], apiv3_key: bytes) -> bytes:
    """The content of an encrypted resource. Raises `Unverified`."""
    if resource.get("algorithm") != CIPHER:
        raise Unverified("unsupported")
    parts = [resource.get(name) for name in ("ciphertext", "nonce", "associated_data")]
    ciphertext, nonce, associated = ("" if part is None else part for part in parts)
    if not (isinstance(ciphertext, str) and isinstance(nonce, str) and isinstance(associated, str)):
        raise Unverified("malformed")
    try:
        if len(nonce.encode()) != _NONCE_BYTES:
            raise Unverified("malformed")
        sealed = base64.b64decode(ciphertext, validate=True)
        return AESGCM(apiv3_key).decrypt(nonce.encode(), sealed, associated.encode())
    except (InvalidTag, ValueError):
        raise Unverified("undecryptable") from None


def sign(key: RSAPrivateKey, *lines: str) -> str:
    """Base64 of the signature over `lines`, each ended by a line feed."""
    text = "".join(f"{line}\n" for line in lines)
    return base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()
