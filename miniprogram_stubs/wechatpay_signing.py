"""Signatures and encryption of WeChat Pay's API v3, seen from WeChat's side.

Source: pay.weixin.qq.com/doc/v3, "build-verify-sign-src": requests are signed by the merchant over
`METHOD\\nURL\\ntimestamp\\nnonce\\nbody\\n`, answers and notifies by the platform over
`timestamp\\nnonce\\nbody\\n`, both RSASSA-PKCS1-v1_5 with SHA-256; secrets travel in AES-256-GCM
under the merchant's APIv3 key.
"""

import base64
import re
import secrets
import string

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from miniprogram_stubs import clock
from miniprogram_stubs.keys import PayKeys
from miniprogram_stubs.wechatpay_errors import WechatpayError
from miniprogram_stubs.world import PayMerchant, WechatpayParty

SCHEME = "WECHATPAY2-SHA256-RSA2048"
_FIELDS = {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}
_TOLERANCE_SECONDS = 300
_LETTERS = string.ascii_letters + string.digits


class Signing:
    """The platform's keys at work."""

    def __init__(self, party: WechatpayParty, keys: PayKeys) -> None:
        self.party = party
        self.keys = keys
        self._merchants = {merchant.mchid: merchant for merchant in party.merchants}

    def merchant(self, mchid: object) -> PayMerchant:
        """The merchant of this number; raises WechatpayError."""
        found = self._merchants.get(mchid) if isinstance(mchid, str) else None
        if found is None:
            raise WechatpayError("MCH_NOT_EXISTS", "商户号不存在")
        return found

    def other_merchant(self, merchant: PayMerchant) -> PayMerchant:
        """Some merchant that is not this one."""
        return next(each for each in self.party.merchants if each != merchant)

    def verify(self, authorization: str, method: str, url: str, body: bytes) -> PayMerchant:
        """Who signed this request; raises WechatpayError."""
        scheme, _, rest = authorization.partition(" ")
        pairs = re.findall(r'(\w+)="([^"]*)"', rest)
        given = dict(pairs)
        if scheme != SCHEME or set(given) != _FIELDS or len(pairs) != len(_FIELDS):
            raise WechatpayError("SIGN_ERROR", "Http头Authorization缺失或格式错误")
        merchant = self.merchant(given["mchid"])
        if given["serial_no"].upper() != merchant.certificate_serial:
            raise WechatpayError("SIGN_ERROR", "商户证书序列号有误，请使用签名私钥匹配的证书序列号")
        timestamp = given["timestamp"]
        fresh = re.fullmatch(r"\d{10}", timestamp) is not None and (
            abs(clock.now() - int(timestamp)) <= _TOLERANCE_SECONDS
        )
        if not fresh:
            raise WechatpayError(
                "SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"
            )
        signed = f"{method}\n{url}\n{timestamp}\n{given['nonce_str']}\n".encode() + body + b"\n"
        try:
            signature = base64.b64decode(given["signature"], validate=True)
            key = self.keys.merchants[merchant.mchid].public_key
            key.verify(signature, signed, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            raise WechatpayError(
                "SIGN_ERROR", "签名错误，请检查后再试", _what_was_signed(method, url, signed)
            ) from None
        return merchant

    def answer_key(self, merchant: PayMerchant | None, asked: str) -> str:
        """Which key signs an answer: the public key only for a merchant that uses it and asks."""
        by_public_key = merchant is not None and merchant.notify_id == self.party.public_key_id
        if by_public_key and asked == self.party.public_key_id:
            return self.party.public_key_id
        return self.party.platform_certificate_serial

    def headers(self, key_id: str, body: bytes, timestamp: int | None = None) -> dict[str, str]:
        """The Wechatpay-… headers of an answer or a notify."""
        moment = str(int(clock.now()) if timestamp is None else timestamp)
        nonce = random_text(32)
        signed = f"{moment}\n{nonce}\n".encode() + body + b"\n"
        signature = self.keys.platform[key_id].sign(signed, PKCS1v15(), SHA256())
        return {
            "Wechatpay-Timestamp": moment,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": key_id,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Wechatpay-Signature-Type": SCHEME,
        }

    def encrypt(self, mchid: str, plaintext: bytes, associated_data: str) -> dict[str, str]:
        """AEAD_AES_256_GCM under the merchant's APIv3 key, with the fields WeChat gives."""
        nonce = random_text(12)
        cipher = AESGCM(self.keys.merchants[mchid].apiv3_key)
        sealed = cipher.encrypt(nonce.encode(), plaintext, associated_data.encode())
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": associated_data,
            "nonce": nonce,
        }


def random_text(length: int) -> str:
    """Random letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def request_id() -> str:
    """A Request-ID as WeChat writes them."""
    return f"{secrets.token_hex(20).upper()}-0"


def _what_was_signed(method: str, url: str, signed: bytes) -> dict[str, object]:
    """WeChat shows the beginning of what it verified, which is how such errors are found."""
    return {
        "field": "signature",
        "location": "authorization",
        "detail": {"issue": "sign not match"},
        "sign_information": {
            "method": method,
            "url": url,
            "truncated_sign_message": signed[:256].decode(errors="replace"),
            "sign_message_length": len(signed),
        },
    }
