"""Our merchant accounts at WeChat Pay, read once from the file the settings name.

The file lists for each account its numbers and, relative to its own folder, where the keys lie:
`{"merchants": [{"merchant_ref", "mchid", "appid", "certificate_serial", "private_key_file",
"apiv3_key_file", "platform_keys": [{"id", "kind": "certificate"|"public_key", "file"}],
"departments"?: [...]}]}`. The first platform key is the one we ask WeChat to answer with.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from app.payments.providers.wechatpay_crypto import PlatformKey
from app.settings import SettingsError

APIV3_KEY_BYTES = 32
#: What every id of a WeChat Pay public key begins with.
PUBLIC_KEY_ID = "PUB_KEY_ID_"


@dataclass(frozen=True)
class Merchant:
    """One merchant account (商户号) and its keys."""

    ref: str
    mchid: str
    appid: str
    certificate_serial: str
    private_key: RSAPrivateKey
    apiv3_key: bytes
    platform_keys: Mapping[str, PlatformKey]
    #: Departments whose money this account takes.
    departments: frozenset[str]

    @property
    def preferred_key(self) -> str:
        """The platform key we ask WeChat to answer with."""
        return next(iter(self.platform_keys))


def load_merchants(path: Path, *, production: bool) -> Mapping[str, Merchant]:
    """Our merchants by reference, in the order of the file. Raises `SettingsError`.

    Production takes no keys made for a demonstration.
    """
    try:
        content = json.loads(path.read_bytes())
        if production and content.get("origin") == "demonstration":
            raise SettingsError(f"{path}: these merchants were made for a demonstration")
        merchants = [
            _merchant(path.parent, entry, production=production) for entry in content["merchants"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"{path}: {type(error).__name__}: {error}") from None
    found = {merchant.ref: merchant for merchant in merchants}
    if not found or len(found) != len(merchants):
        raise SettingsError(f"{path}: no merchant, or one merchant_ref twice")
    return found


def _merchant(folder: Path, entry: dict[str, Any], *, production: bool) -> Merchant:
    key = load_pem_private_key((folder / entry["private_key_file"]).read_bytes(), None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"{entry['private_key_file']} is not an RSA key")
    apiv3_key = (folder / entry["apiv3_key_file"]).read_bytes().strip()
    if len(apiv3_key) != APIV3_KEY_BYTES:
        raise ValueError(f"{entry['apiv3_key_file']} must hold {APIV3_KEY_BYTES} bytes")
    platform_keys = {
        each["id"]: _platform_key(folder / each["file"], each, production=production)
        for each in entry["platform_keys"]
    }
    if not platform_keys:
        raise ValueError(f"{entry['merchant_ref']} names no platform key")
    return Merchant(
        ref=str(entry["merchant_ref"]),
        mchid=str(entry["mchid"]),
        appid=str(entry["appid"]),
        certificate_serial=str(entry["certificate_serial"]),
        private_key=key,
        apiv3_key=apiv3_key,
        platform_keys=platform_keys,
        departments=frozenset(entry.get("departments", ())),
    )


def _platform_key(path: Path, entry: dict[str, Any], *, production: bool) -> PlatformKey:
    """A certificate must carry the serial it is listed under, a public key an id of its kind."""
    if entry["kind"] == "public_key":
        key = load_pem_public_key(path.read_bytes())
        if not isinstance(key, RSAPublicKey) or not entry["id"].startswith(PUBLIC_KEY_ID):
            raise ValueError(f"{path}: not an RSA public key under a {PUBLIC_KEY_ID}… id")
        return PlatformKey(key)
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey) or int(entry["id"], 16) != certificate.serial_number:
        raise ValueError(f"{path}: not an RSA certificate with serial {entry['id']}")
    if production and certificate.issuer == certificate.subject:
        raise ValueError(f"{path}: self-signed; WeChat Pay's certificates never are")
    return PlatformKey(key, certificate.not_valid_before_utc, certificate.not_valid_after_utc)
