"""WeChat Pay's side of a callback, written from its documentation with `cryptography` alone."""

from __future__ import annotations

import base64
import json
import secrets
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Headers = dict[str, str]
PATH = "/callbacks/wechatpay"


@dataclass
class Sender:
    """Signs and encrypts as WeChat does towards one merchant."""

    ref: str
    mchid: str
    appid: str
    apiv3_key: bytes
    serial: str
    key: Any

    @classmethod
    def towards(cls, folder: Path, ref: str, kind: str = "certificate") -> Sender:
        """With the platform's own key of this kind, from the folder only the platform reads."""
        listed = json.loads((folder / "merchants.json").read_text())["merchants"]
        entry = next(each for each in listed if each["merchant_ref"] == ref)
        (serial,) = (each["id"] for each in entry["platform_keys"] if each["kind"] == kind)
        file = {"certificate": "platform_certificate_key.pem", "public_key": "public_key_key.pem"}
        pem = (folder / "outside" / file[kind]).read_bytes()
        key = serialization.load_pem_private_key(pem, None)
        apiv3_key = (folder / entry["apiv3_key_file"]).read_bytes()
        return cls(ref, entry["mchid"], entry["appid"], apiv3_key, serial, key)

    def transaction(self, out_trade_no: str, total: int, **changed: Any) -> dict[str, Any]:
        """A payment that succeeded."""
        return {
            "mchid": self.mchid,
            "appid": self.appid,
            "out_trade_no": out_trade_no,
            "transaction_id": f"4200{uuid.uuid4().int % 10**24:024d}",
            "trade_type": "JSAPI",
            "trade_state": "SUCCESS",
            "trade_state_desc": "支付成功",
            "bank_type": "OTHERS",
            "attach": "",
            "success_time": "2027-01-05T10:34:56+08:00",
            "payer": {"openid": "oInventedForTests"},
            "amount": {
                "total": total,
                "payer_total": total,
                "currency": "CNY",
                "payer_currency": "CNY",
            },
        } | changed

    def resource(self, content: Any, **changed: Any) -> dict[str, Any]:
        """`content` encrypted under the merchant's APIv3 key."""
        plain = content if isinstance(content, bytes) else dump(content)
        nonce, associated = secrets.token_hex(6), changed.pop("encrypted_with", "transaction")
        sealed = AESGCM(self.apiv3_key).encrypt(nonce.encode(), plain, associated.encode())
        return {
            "original_type": "transaction",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": associated,
            "nonce": nonce,
        } | changed

    def event(self, resource: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """The outer part."""
        return {
            "id": str(uuid.uuid4()),
            "create_time": "2027-01-05T10:34:56+08:00",
            "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS",
            "summary": "支付成功",
            "resource": resource,
        } | changed

    def headers(self, body: bytes, at: float | None = None) -> Headers:
        """The signature headers over exactly these bytes."""
        timestamp, nonce = str(int(time.time() if at is None else at)), secrets.token_hex(16)
        text = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = self.key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        return {
            "Content-Type": "application/json",
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": self.serial,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        }

    def notify(self, content: dict[str, Any], **changed: Any) -> tuple[Headers, bytes]:
        """Headers and body of a whole notify."""
        body = dump(self.event(self.resource(content), **changed))
        return self.headers(body), body


def dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def deliver(client: Any, ref: str | None, headers: Headers, body: bytes) -> Any:
    """Post it as WeChat would."""
    path = PATH if ref is None else f"{PATH}/{ref}"
    return client.post(path, data=body, headers=headers)
