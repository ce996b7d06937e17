"""Text messages by Tencent Cloud SMS (API 2021-01-11)."""

from typing import Any, Protocol

from app.connectors import tc3
from app.core.http import Party, PartyRefused
from app.parties import SmsSettings


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
        self._service = tc3.Service(
            "sms", "2021-01-11", settings.secret_id, settings.secret_key, region="ap-guangzhou"
        )

    def send(self, phone: str, template: str, params: list[str]) -> None:
        """See `SmsGateway.send`. A refusal of this one message counts as not delivered."""
        body = {
            "PhoneNumberSet": [phone],
            "SmsSdkAppId": self._settings.sdk_app_id,
            "SignName": self._settings.sign_name,
            "TemplateId": template,
            "TemplateParamSet": params,
        }
        if not _accepted(tc3.call(self._party, self._service, "SendSms", body)):
            raise PartyRefused("sms")

    def close(self) -> None:
        """Give the connections back."""
        self._party.close()


def _accepted(response: dict[str, Any]) -> bool:
    try:
        statuses = response["SendStatusSet"]
        return bool(statuses) and all(status["Code"] == "Ok" for status in statuses)
    except (KeyError, TypeError):
        return False
