"""Alipay's side of our mini-program: who opened it, and the phone Alipay vouches for.

Requests and answers are signed with RSA2 (RSASSA-PKCS1-v1_5, SHA-256); an answer's signature stands for
the bytes of its node, so these are verified before anything in them is read. The phone comes through
the client (`my.getPhoneNumber`), signed by Alipay and encrypted for us (AES-128-CBC).
"""

import base64
import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from app.connectors.wechat import MiniprogramCodeRefused
from app.core import clock
from app.core.http import Party, PartyUnavailable
from app.parties import AlipaySettings
from app.settings import SettingsError

PARTY = "alipay"
METHOD = "alipay.system.oauth.token"
#: What says "the caller's code is no good".
_BAD_CODE = frozenset({"isv.code-invalid", "isv.code-is-reused"})
_NODES = (METHOD.replace(".", "_") + "_response", "error_response")
#: A key made for a demonstration says so before its first line.
_DEMONSTRATION = b"origin: demonstration"
#: As the interface content encryption of Alipay's open platform lays down.
_IV = bytes(16)


class AlipayCodeRefused(MiniprogramCodeRefused):
    """Alipay does not accept the code, or the phone is not as Alipay signed it."""

    zh = "支付宝登录凭证无效或已过期，请重新进入小程序。"
    en = "Alipay does not accept this code; please open the mini-program again."


@dataclass(frozen=True)
class AlipayUser:
    """Who opened the mini-program: newer applications are told an open id, older ones a user id."""

    open_id: str | None
    user_id: str | None


class Alipay(Protocol):
    """The part of Alipay that signing in needs."""

    def user(self, auth_code: str) -> AlipayUser:
        """Exchange a code of `my.getAuthCode`. Raises `AlipayCodeRefused`, `PartyUnavailable`."""

    def phone(self, response: str) -> str:
        """The number in an answer of `my.getPhoneNumber`. Raises `AlipayCodeRefused`."""

    def close(self) -> None:
        """Give the connections back."""


class AlipayApi:
    """The real gateway over HTTP."""

    def __init__(self, settings: AlipaySettings, *, production: bool, waiters: int) -> None:
        self._app_id = settings.app_id
        private = _pem(settings.private_key_file, "HUIBAN_ALIPAY_PRIVATE_KEY_FILE", production)
        public = _pem(settings.public_key_file, "HUIBAN_ALIPAY_PUBLIC_KEY_FILE", production)
        try:
            key, theirs = load_pem_private_key(private, None), load_pem_public_key(public)
            self._cipher = Cipher(AES(base64.b64decode(settings.aes_key, validate=True)), CBC(_IV))
        except ValueError:
            raise SettingsError("HUIBAN_ALIPAY_…: a key cannot be read") from None
        if not isinstance(key, RSAPrivateKey) or not isinstance(theirs, RSAPublicKey):
            raise SettingsError("HUIBAN_ALIPAY_…_KEY_FILE: RSA keys are needed")
        self._key, self._alipays = key, theirs
        self._party = Party(PARTY, settings.url, waiters=waiters)

    def user(self, auth_code: str) -> AlipayUser:
        """See `Alipay.user`."""
        asked = {"grant_type": "authorization_code", "code": auth_code}
        answer = self._party.request("POST", "", data=self._signed(asked))
        content = self._content(answer.body)
        open_id, user_id = content.get("open_id") or None, content.get("user_id") or None
        if not isinstance(open_id or user_id, str):
            raise PartyUnavailable(PARTY)
        return AlipayUser(open_id, user_id)

    def phone(self, response: str) -> str:
        """See `Alipay.phone`. What is not encrypted is refused: the client could have written it."""
        try:
            given = json.loads(response)
            sealed, sign = str(given["response"]), str(given["sign"])
            # An encrypted text is signed with the quotation marks around it.
            if not self._is_theirs(f'"{sealed}"'.encode(), sign):
                raise AlipayCodeRefused
            content = json.loads(self._decrypted(sealed))
            if content["code"] != "10000":
                raise AlipayCodeRefused
            return str(content["mobile"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise AlipayCodeRefused from None

    def close(self) -> None:
        """Give the connections back."""
        self._party.close()

    def _signed(self, asked: dict[str, str]) -> dict[str, str]:
        fields = {
            "app_id": self._app_id,
            "method": METHOD,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": _wall_clock(clock.now()),
            "version": "1.0",
            **asked,
        }
        text = "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
        signature = self._key.sign(text.encode(), PKCS1v15(), SHA256())
        return {**fields, "sign": base64.b64encode(signature).decode()}

    def _content(self, body: bytes) -> dict[str, Any]:
        try:
            text = body.decode()
            whole = json.loads(text)
            node, start = _first_node(text)
            content, end = json.JSONDecoder().raw_decode(text, start)
            sign = whole.get("sign")
        except (ValueError, AttributeError, RecursionError):
            raise PartyUnavailable(PARTY) from None
        if not isinstance(content, dict):
            raise PartyUnavailable(PARTY)
        if isinstance(sign, str) and not self._is_theirs(text[start:end].encode(), sign):
            raise PartyUnavailable(PARTY)
        if content.get("sub_code") in _BAD_CODE:
            raise AlipayCodeRefused
        # Alipay leaves errors unsigned when it does not know who asked; nothing else.
        if sign is None or node == "error_response" or content.get("code", "10000") != "10000":
            raise PartyUnavailable(PARTY)
        return content

    def _is_theirs(self, signed: bytes, sign: str) -> bool:
        try:
            signature = base64.b64decode(sign, validate=True)
            self._alipays.verify(signature, signed, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def _decrypted(self, sealed: str) -> bytes:
        decryptor = self._cipher.decryptor()
        padded = decryptor.update(base64.b64decode(sealed, validate=True)) + decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        return unpadder.update(padded) + unpadder.finalize()


def _first_node(text: str) -> tuple[str, int]:
    """The node the answer begins with, and where its value begins."""
    found = re.match(r'\s*\{\s*"(\w+)"\s*:\s*', text)
    if found is None or found[1] not in _NODES:
        raise ValueError("no answer")
    return found[1], found.end()


def _wall_clock(at: datetime) -> str:
    return at.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _pem(path: Path, variable: str, production: bool) -> bytes:
    try:
        pem = path.read_bytes()
    except OSError:
        raise SettingsError(f"{variable} cannot be read") from None
    if production and pem.startswith(_DEMONSTRATION):
        raise SettingsError(f"{variable} was made for a demonstration")
    return pem
