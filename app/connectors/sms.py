"""Text messages by Tencent Cloud SMS (API 2021-01-11, signature TC3-HMAC-SHA256)."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Protocol

from app.core import clock
from app.core.http import Party, PartyRefused
from app.settings import SmsSettings


class SmsGateway(Protocol):
    """Sends one templated text message."""

    def send(self, phone: str, template: str, params: list[str]) -> None:
        """Hand the message to the gateway. `phone` is E.164. Raises `PartyUnavailable`."""

    def close(self) -> None:
        """Give the connections back."""


class TencentSms:
    """The SmsGateway of Tencent Cloud."""

    def __init__(self, settings: SmsSettings, *, waiters: int) -> None:
        self._settings = settings
        self._party = Party("sms", settings.url, waiters=waiters)

    def send(self, phone: str, template: str, params: list[str]) -> None:
        """See `SmsGateway.send`. A refusal of this one message counts as not delivered."""
        payload = json.dumps(
            {
                "PhoneNumberSet": [phone],
                "SmsSdkAppId": self._settings.sdk_app_id,
                "SignName": self._settings.sign_name,
                "TemplateId": template,
                "TemplateParamSet": params,
            },
            ensure_ascii=False,
        ).encode()
        answer = self._party.request(
            "POST", "/", content=payload, headers=self._headers(payload, clock.now())
        )
        if not _accepted(answer.body):
            raise PartyRefused("sms")

    def close(self) -> None:
        """Give the connections back."""
        self._party.close()

    def _headers(self, payload: bytes, at: datetime) -> dict[str, str]:
        content_type = "application/json; charset=utf-8"
        day = at.astimezone(UTC).strftime("%Y-%m-%d")
        signed = "content-type;host;x-tc-action"
        canonical = (
            f"POST\n/\n\ncontent-type:{content_type}\nhost:{self._party.host}\n"
            f"x-tc-action:sendsms\n\n{signed}\n{hashlib.sha256(payload).hexdigest()}"
        )
        scope = f"{day}/sms/tc3_request"
        timestamp = str(int(at.timestamp()))
        to_sign = (
            f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n"
            f"{hashlib.sha256(canonical.encode()).hexdigest()}"
        )
        key = f"TC3{self._settings.secret_key}".encode()
        for part in (day, "sms", "tc3_request"):
            key = hmac.digest(key, part.encode(), hashlib.sha256)
        signature = hmac.digest(key, to_sign.encode(), hashlib.sha256).hex()
        return {
            "Content-Type": content_type,
            "Host": self._party.host,
            "X-TC-Action": "SendSms",
            "X-TC-Version": "2021-01-11",
            "X-TC-Region": "ap-guangzhou",
            "X-TC-Timestamp": timestamp,
            "Authorization": (
                f"TC3-HMAC-SHA256 Credential={self._settings.secret_id}/{scope}, "
                f"SignedHeaders={signed}, Signature={signature}"
            ),
        }


def _accepted(body: bytes) -> bool:
    try:
        statuses = json.loads(body)["Response"]["SendStatusSet"]
        return bool(statuses) and all(status["Code"] == "Ok" for status in statuses)
    except (ValueError, KeyError, TypeError):
        return False
