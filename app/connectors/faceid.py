"""Comparing a living face with the authority's picture: Tencent Cloud 人脸核身 (API 2018-03-01).

The person is sent to the provider with a token; we ask the provider how it ended. What the person's
device says of the outcome is never believed, and no picture comes to us.
"""

from dataclasses import dataclass
from typing import Protocol

from app.connectors import tc3
from app.core.http import Party, PartyUnavailable
from app.parties import FaceidSettings

PARTY = "faceid"


@dataclass(frozen=True)
class FaceCheck:
    """A check the provider has opened: its token, and the page on which the person does it."""

    token: str
    url: str


@dataclass(frozen=True)
class FaceResult:
    """How a check ended, and for whom it was opened."""

    #: None while the person is not done with it.
    passed: bool | None
    name: str
    document_number: str
    #: What we gave the provider to say back.
    reference: str


class FaceVerifier(Protocol):
    """Opens checks and says how they ended."""

    def begin(self, name: str, document_number: str, reference: str) -> FaceCheck:
        """Open a check of this person. Raises `PartyUnavailable`."""

    def result(self, token: str) -> FaceResult:
        """How it stands. Raises `PartyUnavailable`; `PartyRefused` for a token it does not know."""

    def close(self) -> None:
        """Give the connections back."""


class TencentFaceid:
    """The FaceVerifier of Tencent Cloud (DetectAuth, GetDetectInfoEnhanced)."""

    def __init__(self, settings: FaceidSettings, *, waiters: int) -> None:
        self._rule_id = settings.rule_id
        self._party = Party(PARTY, settings.url, waiters=waiters)
        self._service = tc3.Service("faceid", "2018-03-01", settings.secret_id, settings.secret_key)

    def begin(self, name: str, document_number: str, reference: str) -> FaceCheck:
        """See `FaceVerifier.begin`."""
        body = {
            "RuleId": self._rule_id,
            "IdCard": document_number,
            "Name": name,
            "Extra": reference,
        }
        told = tc3.call(self._party, self._service, "DetectAuth", body)
        try:
            return FaceCheck(_text(told["BizToken"]), _text(told["Url"]))
        except (KeyError, ValueError):
            raise PartyUnavailable(PARTY) from None

    def result(self, token: str) -> FaceResult:
        """See `FaceVerifier.result`."""
        # InfoType 1: words only; pictures and videos stay with the provider.
        body = {"RuleId": self._rule_id, "BizToken": token, "InfoType": "1"}
        told = tc3.call(self._party, self._service, "GetDetectInfoEnhanced", body)
        try:
            text = told["Text"]
            # An unfinished check has null here; 0 is the only success.
            code = text["ErrCode"]
            return FaceResult(
                passed=None if code is None else type(code) is int and code == 0,
                name=text.get("Name") or "",
                document_number=text.get("IdCard") or "",
                reference=text.get("Extra") or "",
            )
        except (KeyError, TypeError, AttributeError):
            raise PartyUnavailable(PARTY) from None

    def close(self) -> None:
        """Give the connections back."""
        self._party.close()


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("empty")
    return value
