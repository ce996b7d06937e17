"""The WeChat mini-program server API: login codes, phone codes, the stable access token."""

import json
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from app.core import clock
from app.core.errors import InvalidInput
from app.core.http import Party, PartyUnavailable
from app.parties import WechatSettings

#: Codes that say "the caller's code is no good": 40029 invalid, 40163 used, 40226 blocked user.
_BAD_CODE = frozenset({40029, 40163, 40226})
#: Codes that say "your access token is no good": ask for a new one once.
_BAD_TOKEN = frozenset({40001, 40014, 42001})


class MiniprogramCodeRefused(InvalidInput):
    """WeChat does not accept the code: unknown, used, expired, or the user is blocked."""

    code = "miniprogram_code_refused"
    zh = "微信登录凭证无效或已过期，请重新进入小程序。"
    en = "WeChat does not accept this code; please open the mini-program again."


@dataclass(frozen=True)
class WechatUser:
    """Who opened the mini-program. The session key never leaves this adapter."""

    openid: str
    unionid: str | None


class Wechat(Protocol):
    """The part of WeChat that signing in needs. All may raise `PartyUnavailable`."""

    def user(self, login_code: str) -> WechatUser:
        """Exchange a `wx.login` code. Raises `MiniprogramCodeRefused`."""

    def phone(self, phone_code: str) -> str:
        """Exchange a phone code for the number without country code."""

    def close(self) -> None:
        """Give the connections back."""


class WechatApi:
    """The real WeChat server API over HTTP."""

    def __init__(self, settings: WechatSettings, *, waiters: int) -> None:
        self._settings = settings
        self._party = Party("wechat", settings.url, waiters=waiters)
        self._token = ""
        self._token_until: datetime | None = None
        self._lock = threading.Lock()

    def user(self, login_code: str) -> WechatUser:
        """See `Wechat.user`."""
        answer = self._party.request(
            "GET",
            "/sns/jscode2session",
            params={
                "appid": self._settings.appid,
                "secret": self._settings.secret,
                "js_code": login_code,
                "grant_type": "authorization_code",
            },
        )
        content = self._content(answer.body)
        return WechatUser(str(content["openid"]), content.get("unionid"))

    def phone(self, phone_code: str) -> str:
        """See `Wechat.phone`. An expired access token is renewed once."""
        token = self._access_token()
        try:
            return self._phone(phone_code, token)
        except _TokenRefused:
            return self._phone(phone_code, self._access_token(refused=token))

    def close(self) -> None:
        """Give the connections back."""
        self._party.close()

    def _phone(self, phone_code: str, token: str) -> str:
        answer = self._party.request(
            "POST",
            "/wxa/business/getuserphonenumber",
            params={"access_token": token},
            json={"code": phone_code},
        )
        content = self._content(answer.body)
        try:
            info = content["phone_info"]
            if info["watermark"]["appid"] != self._settings.appid:
                raise PartyUnavailable("wechat")
            return str(info["purePhoneNumber"])
        except (KeyError, TypeError):
            raise PartyUnavailable("wechat") from None

    def _access_token(self, *, refused: str = "") -> str:
        """The token, fetched anew when its time is over or it is the one WeChat just refused."""
        with self._lock:
            if self._token != refused and self._token_until and clock.now() < self._token_until:
                return self._token
        # Outside the lock: whoever waits for WeChat waits in its bulkhead, nowhere else.
        wanted = {
            "grant_type": "client_credential",
            "appid": self._settings.appid,
            "secret": self._settings.secret,
        }
        answer = self._party.request("POST", "/cgi-bin/stable_token", json=wanted)
        content = self._content(answer.body)
        # Asked again a little early: WeChat hands out the successor 5 minutes before the end.
        lifetime = max(int(content["expires_in"]) - 240, 60)
        with self._lock:
            self._token = str(content["access_token"])
            self._token_until = clock.now() + timedelta(seconds=lifetime)
            return self._token

    def _content(self, body: bytes) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(body)
            code = int(content.get("errcode") or 0)
        except (ValueError, AttributeError, TypeError):
            raise PartyUnavailable("wechat") from None
        if code in _BAD_CODE:
            raise MiniprogramCodeRefused
        if code in _BAD_TOKEN:
            raise _TokenRefused
        if code:
            raise PartyUnavailable("wechat")
        return content


class _TokenRefused(PartyUnavailable):
    """Our access token is refused; a caller outside this module sees WeChat as unavailable."""

    def __init__(self) -> None:
        super().__init__("wechat")
