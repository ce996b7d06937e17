"""Notifies as WeChat Pay sends them: encrypted under our APIv3 key, signed with the platform's key.

Written from WeChat's documentation with `cryptography` alone, so that the product does not measure
itself. A signature is good for five minutes, so they are made shortly before they are sent.
"""

import base64
import json
import multiprocessing
import secrets
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.load import LoadFailed

PATH = "/callbacks/wechatpay"
PROCESSES = 2
#: More than one machine of ours answers in a second: so many are made ready for each second.
MOST_A_SECOND = 1_500
#: Seconds a stretch may last, signing before it included, that no signature is too old (300 s).
LONGEST = 240.0
#: Of what is ready at most this share is spent on the warm-up.
WARMING = 0.25

_ASSOCIATED = "transaction"


@dataclass(frozen=True)
class Platform:
    """WeChat Pay's side towards one of our merchants."""

    merchant_ref: str
    mchid: str
    appid: str
    apiv3_key: bytes
    serial: str
    #: The platform's private key, PEM.
    key: bytes


@dataclass(frozen=True)
class Batch:
    """Prepared requests: the first one's number, and how long the warm-up may last (seconds)."""

    first: int
    requests: Sequence[bytes]
    warm_up: float


class Notifies:
    """One notify for each order, never two."""

    def __init__(self, platform: Platform, numbers: Sequence[str], amount: int) -> None:
        self._platform, self._numbers, self._amount = platform, numbers, amount
        self._batch = Batch(0, (), 0.0)

    def __len__(self) -> int:
        return len(self._numbers)

    def make_ready(self, first: int, end: int, seconds: float, warm_up: float) -> Batch:
        """Sign for the orders from `first` to below `end`, but no more than the time can use."""
        if seconds + warm_up > LONGEST:
            raise LoadFailed(f"signatures grow old within {LONGEST:.0f} s: lower --seconds")
        most = int((seconds + warm_up) * MOST_A_SECOND)
        chosen = self._numbers[first : min(end, first + most)]
        requests = sign_all(self._platform, chosen, first, self._amount)
        warm_up = min(warm_up, WARMING * len(requests) / MOST_A_SECOND)
        self._batch = Batch(first, requests, warm_up)
        return self._batch

    def request(self, number: int) -> bytes:
        """The bytes of a request that was made ready."""
        return self._batch.requests[number - self._batch.first]


def read_platform(folder: Path, department: str) -> Platform:
    """The platform's keys towards the merchant that takes this department's money."""
    listed = json.loads((folder / "merchants.json").read_text())["merchants"]
    claims = (each for each in listed if department in each.get("departments", ()))
    entry = next(claims, listed[0])
    serial = next(each["id"] for each in entry["platform_keys"] if each["kind"] == "certificate")
    return Platform(
        merchant_ref=entry["merchant_ref"],
        mchid=entry["mchid"],
        appid=entry["appid"],
        apiv3_key=(folder / entry["apiv3_key_file"]).read_bytes(),
        serial=serial,
        key=(folder / "outside" / "platform_certificate_key.pem").read_bytes(),
    )


def sign_all(platform: Platform, numbers: Sequence[str], first: int, amount: int) -> list[bytes]:
    """Whole requests for these numbers, made by `PROCESSES` processes."""
    size = -(-len(numbers) // PROCESSES) or 1
    parts = [
        (platform, numbers[start : start + size], first + start, amount)
        for start in range(0, len(numbers), size)
    ]
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        return [request for part in pool.starmap(_sign_some, parts) for request in part]


def _sign_some(platform: Platform, numbers: Sequence[str], first: int, amount: int) -> list[bytes]:
    key = serialization.load_pem_private_key(platform.key, None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the platform signs with RSA")
    cipher = AESGCM(platform.apiv3_key)
    return [
        _request(platform, key, _body(cipher, _transaction(platform, number, amount)), first + at)
        for at, number in enumerate(numbers)
    ]


def _request(platform: Platform, key: RSAPrivateKey, body: bytes, number: int) -> bytes:
    at, nonce = str(int(time.time())), secrets.token_hex(16)
    signed = f"{at}\n{nonce}\n".encode() + body + b"\n"
    signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    head = (
        f"POST {PATH}/{platform.merchant_ref} HTTP/1.1\r\nHost: bench\r\n"
        f"X-Forwarded-For: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\r\n"
        "Content-Type: application/json\r\n"
        f"Wechatpay-Timestamp: {at}\r\nWechatpay-Nonce: {nonce}\r\n"
        f"Wechatpay-Serial: {platform.serial}\r\n"
        f"Wechatpay-Signature: {base64.b64encode(signature).decode()}\r\n"
        "Wechatpay-Signature-Type: WECHATPAY2-SHA256-RSA2048\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _body(cipher: AESGCM, transaction: dict[str, Any]) -> bytes:
    nonce = secrets.token_hex(6)
    sealed = cipher.encrypt(nonce.encode(), _dump(transaction), _ASSOCIATED.encode())
    return _dump(
        {
            "id": str(uuid.uuid4()),
            "create_time": "2027-01-05T10:34:56+08:00",
            "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS",
            "summary": "支付成功",
            "resource": {
                "original_type": "transaction",
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": _ASSOCIATED,
                "nonce": nonce,
            },
        }
    )


def _transaction(platform: Platform, number: str, amount: int) -> dict[str, Any]:
    """A payment of `amount` fen that succeeded."""
    return {
        "mchid": platform.mchid,
        "appid": platform.appid,
        "out_trade_no": number,
        "transaction_id": f"4200{uuid.uuid4().int % 10**24:024d}",
        "trade_type": "MWEB",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "attach": "",
        "success_time": "2027-01-05T10:34:56+08:00",
        "payer": {"openid": "oInventedForMeasuring"},
        "amount": {
            "total": amount,
            "payer_total": amount,
            "currency": "CNY",
            "payer_currency": "CNY",
        },
    }


def _dump(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
