"""One-tap sign-in (一键登录): the carrier says which number a phone has.

Aliyun's number authentication (号码认证, Dypnsapi 2017-05-25, GetMobile) serves all three carriers.
"""

import json
import secrets
from typing import Any, Protocol

from app.connectors import acs3
from app.core import clock
from app.core.errors import InvalidInput
from app.core.http import Party, PartyUnavailable
from app.parties import OneTapSettings

PARTY = "one_tap"
#: Beginnings of codes that speak of us or of them; any other refusal is the token's.
_NOT_THE_TOKEN = (
    *("Throttling", "Signature", "InvalidAccessKeyId", "Forbidden", "RamPermissionDeny"),
    *("Unsupported", "ServiceUnavailable", "InternalError", "UnknowError", "isp.", "Missing"),
)


class OneTapRefused(InvalidInput):
    """The carrier does not accept the token: unknown, used, expired."""

    code = "one_tap_refused"
    zh = "一键登录未成功，请改用验证码登录。"
    en = "One-tap sign-in did not work; please sign in by code."


class OneTap(Protocol):
    """Turns what a carrier's SDK gave the phone into the phone's number."""

    def phone(self, token: str) -> str:
        """The number. Raises `OneTapRefused`, `PartyUnavailable`."""

    def close(self) -> None:
        """Give the connections back."""


class AliyunOneTap:
    """The OneTap of Aliyun."""

    def __init__(self, settings: OneTapSettings, *, waiters: int) -> None:
        self._key = (settings.access_key_id, settings.access_key_secret)
        self._party = Party(PARTY, settings.url, waiters=waiters)

    def phone(self, token: str) -> str:
        """See `OneTap.phone`. A token is good once, so nothing is tried again."""
        call = acs3.Call(self._party.host, "GetMobile", "2017-05-25", {"AccessToken": token})
        headers = acs3.headers(call, self._key, clock.now(), secrets.token_hex(16))
        answer = self._party.request("POST", f"/?{acs3.query_of(call)}", headers=headers)
        try:
            content: dict[str, Any] = json.loads(answer.body)
            code = str(content["Code"])
            if code == "OK":
                return str(content["GetMobileResultDTO"]["Mobile"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise PartyUnavailable(PARTY) from None
        if answer.status >= 500 or code.startswith(_NOT_THE_TOKEN):
            raise PartyUnavailable(PARTY)
        raise OneTapRefused

    def close(self) -> None:
        """Give the connections back."""
        self._party.close()
