"""The payment and push keys of the demonstration, in a folder that the product reads too.

No key is in the repository: the first start makes them. What a merchant or an application would
have on its own disk lies in `merchants/`, `platform/`, `alipay/` and `fcm-service-account.json`, and
`merchants.json` names it; what only WeChat would have lies in `outside/`.
"""

import json
import secrets
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from miniprogram_stubs import keyfiles
from miniprogram_stubs.world import FcmParty, PayMerchant, WechatpayParty, World

_APIV3_KEY_LENGTH = 32
#: Before the first line of a PEM file, so that a product in production can tell where it is from.
_MARK = b"origin: demonstration\n"


@dataclass(frozen=True)
class MerchantKeys:
    """What WeChat Pay knows of a merchant's keys."""

    public_key: RSAPublicKey
    apiv3_key: bytes


@dataclass(frozen=True)
class PayKeys:
    """WeChat Pay's own keys by their serial or public-key id, and the merchants' by mchid."""

    platform: dict[str, RSAPrivateKey]
    certificate_pem: bytes
    merchants: dict[str, MerchantKeys]


@dataclass(frozen=True)
class ServiceAccount:
    """What Google knows of the service account; `token_uri` is where it exchanges assertions."""

    client_email: str
    private_key_id: str
    public_key: RSAPublicKey
    token_uri: str


@dataclass(frozen=True)
class AlipayKeys:
    """Alipay's own key, and the public half of the application's."""

    own: RSAPrivateKey
    application: RSAPublicKey


@dataclass(frozen=True)
class Keys:
    """All of them."""

    wechatpay: PayKeys
    fcm: ServiceAccount
    alipay: AlipayKeys


def ready(world: World, folder: Path, base_url: str) -> Keys:
    """The keys in the folder, made where they are missing; raises OSError or ValueError.

    `base_url` is where the stand-ins listen; the service account file points there.
    """
    with keyfiles.locked(folder):
        keys = Keys(
            _wechatpay(world.wechatpay, folder),
            _service_account(world.fcm, folder, base_url),
            _alipay(folder),
        )
        # Last, because its presence says that everything it names is there.
        keyfiles.write(folder / "merchants.json", _merchants_file(world.wechatpay))
    return keys


def _wechatpay(party: WechatpayParty, folder: Path) -> PayKeys:
    of_certificate = keyfiles.rsa_key(folder / "outside" / "platform_certificate_key.pem")
    of_public_key = keyfiles.rsa_key(folder / "outside" / "public_key_key.pem")
    keyfiles.write(
        folder / "platform" / "pub_key.pem", keyfiles.public_pem(of_public_key.public_key())
    )
    return PayKeys(
        platform={
            party.platform_certificate_serial: of_certificate,
            party.public_key_id: of_public_key,
        },
        certificate_pem=keyfiles.certificate(
            folder / "platform" / "platform_cert.pem",
            of_certificate,
            "Huiban demonstration WeChat Pay platform",
            party.platform_certificate_serial,
        ),
        merchants={
            merchant.mchid: _merchant(merchant, folder / "merchants" / merchant.ref)
            for merchant in party.merchants
        },
    )


def _alipay(folder: Path) -> AlipayKeys:
    application = keyfiles.once(folder / "alipay" / "app_private_key.pem", _marked_rsa_key)
    own = keyfiles.rsa_key(folder / "outside" / "alipay_key.pem")
    public = _MARK + keyfiles.public_pem(own.public_key())
    keyfiles.write(folder / "alipay" / "alipay_public_key.pem", public)
    return AlipayKeys(own, keyfiles.read_rsa_key(application).public_key())


def _marked_rsa_key() -> bytes:
    return _MARK + keyfiles.new_rsa_key()


def _merchant(merchant: PayMerchant, folder: Path) -> MerchantKeys:
    key = keyfiles.rsa_key(folder / "apiclient_key.pem")
    serial = merchant.certificate_serial
    keyfiles.certificate(folder / "apiclient_cert.pem", key, merchant.mchid, serial)
    keyfiles.write(folder / "serial", serial.encode())
    apiv3_key = keyfiles.once(folder / "apiv3_key", _new_apiv3_key)
    if len(apiv3_key) != _APIV3_KEY_LENGTH:
        raise ValueError(f"{folder / 'apiv3_key'} must hold {_APIV3_KEY_LENGTH} bytes")
    return MerchantKeys(key.public_key(), apiv3_key)


def _new_apiv3_key() -> bytes:
    letters = string.ascii_letters + string.digits
    return "".join(secrets.choice(letters) for _ in range(_APIV3_KEY_LENGTH)).encode()


def _merchants_file(party: WechatpayParty) -> bytes:
    """Every path in it is relative to its own folder, which may therefore be moved."""
    certificate = {
        "id": party.platform_certificate_serial,
        "kind": "certificate",
        "file": "platform/platform_cert.pem",
    }
    public_key = {
        "id": party.public_key_id,
        "kind": "public_key",
        "file": "platform/pub_key.pem",
    }
    entries = []
    for merchant in party.merchants:
        # One that changed to the public key still meets the certificate, as during the change.
        by_public_key = merchant.notify_id == party.public_key_id
        home = f"merchants/{merchant.ref}"
        entries.append(
            {
                "merchant_ref": merchant.ref,
                "name": merchant.name,
                "departments": list(merchant.departments),
                "mchid": merchant.mchid,
                "appid": merchant.appid,
                "certificate_serial": merchant.certificate_serial,
                "private_key_file": f"{home}/apiclient_key.pem",
                "certificate_file": f"{home}/apiclient_cert.pem",
                "apiv3_key_file": f"{home}/apiv3_key",
                "platform_keys": [public_key, certificate] if by_public_key else [certificate],
                "notify_path": f"/callbacks/wechatpay/{merchant.ref}",
            }
        )
    # A product in production can tell by this that it was given the wrong file.
    return _pretty({"origin": "demonstration", "merchants": entries})


def _service_account(party: FcmParty, folder: Path, base_url: str) -> ServiceAccount:
    path = folder / "fcm-service-account.json"
    kept: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    pem = kept.get("private_key") or keyfiles.new_rsa_key().decode()
    account = {
        "type": "service_account",
        "project_id": party.project_id,
        "private_key_id": kept.get("private_key_id") or secrets.token_hex(20),
        "private_key": pem,
        "client_email": party.client_email,
        "token_uri": f"{base_url}/fcm/token",
    }
    if account != kept:
        keyfiles.write(path, _pretty(account))
    return ServiceAccount(
        client_email=party.client_email,
        private_key_id=account["private_key_id"],
        public_key=keyfiles.read_rsa_key(pem.encode()).public_key(),
        token_uri=account["token_uri"],
    )


def _pretty(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
