"""The government data-sharing exchange (数据共享交换平台) and services used through it.

Each request carries requester, service, time in milliseconds and
`base64(HMAC-SHA256(app key, service + requester + time))` in headers beginning `gjgxjhpt`.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol

from app.core import clock
from app.core.http import Party, PartyRefused, PartyUnavailable
from app.parties import ExchangeSettings

#: Kind of document → its code (ZJLX). 10 to 34 as gates of other provinces have them; the residence
#: permits' are this exchange's own.
DOCUMENT_CODES = {
    "resident_id": "10",
    "hk_macau_travel_permit": "14",
    "taiwan_travel_permit": "15",
    "passport": "20",
    "foreign_permanent_residence": "34",
    "hk_macau_residence_permit": "41",
    "taiwan_residence_permit": "42",
}


class ExchangeRefused(PartyRefused):
    """The service answered, with a code of its own that is not success: `answered`."""

    def __init__(self, party: str, answered: str) -> None:
        super().__init__(party)
        self.answered = answered


@dataclass(frozen=True)
class PersonRecord:
    """What the authority that issued a document says of a matching name and number."""

    #: GB/T 2261.1.
    sex: Literal["0", "1", "2", "9"]
    birth_date: date
    deceased: bool
    #: Six-digit division of the household registration, as the population database (人口库) has it.
    household_division: str = ""


@dataclass(frozen=True)
class HealthRecord:
    """One entry about a person in the health authority's list of persons concerned."""

    record_id: str
    category: str
    since: datetime
    until: datetime | None


class Population(Protocol):
    """Checks a name against a document number."""

    def verify(self, name: str, document_number: str) -> PersonRecord | None:
        """The record when name and number belong together, else None. May raise `PartyUnavailable`."""

    def close(self) -> None:
        """Give the connections back."""


class ExitEntry(Protocol):
    """Checks a name against a document the exit-entry administration (出入境管理机构) issued or read."""

    def verify(self, name: str, document_type: str, document_number: str) -> PersonRecord | None:
        """The record when name and document belong together, else None. May raise `PartyUnavailable`."""

    def close(self) -> None:
        """Give the connections back."""


class HealthAuthority(Protocol):
    """Knows who is concerned by an outbreak."""

    def records(self, name: str, document_type: str, document_number: str) -> list[HealthRecord]:
        """All entries about this person. Raises `PartyUnavailable`."""

    def close(self) -> None:
        """Give the connections back."""


class Exchange:
    """One service of the exchange, signed as the platform asks."""

    def __init__(self, name: str, settings: ExchangeSettings, *, waiters: int) -> None:
        self._settings = settings
        self._party = Party(name, settings.url, waiters=waiters)

    def ask(self, body: dict[str, str], path: str = "") -> Any:
        """The `data` of the answer. Raises `PartyUnavailable` for anything but success.

        A code of the service's own is told as `ExchangeRefused`.
        """
        answer = self._party.request("POST", path, json=body, headers=self._headers())
        try:
            content = json.loads(answer.body)
            code = content["code"]
            if answer.status == 200 and code == "200":
                return content["data"]
        except (ValueError, KeyError, TypeError):
            raise PartyUnavailable(self._party.name) from None
        if answer.status == 200 and isinstance(code, str):
            raise ExchangeRefused(self._party.name, code)
        raise PartyUnavailable(self._party.name)

    def close(self) -> None:
        """Give the connections back."""
        self._party.close()

    def _headers(self) -> dict[str, str]:
        at = str(int(clock.now().timestamp() * 1000))
        text = f"{self._settings.service_id}{self._settings.requester_id}{at}"
        sign = hmac.digest(self._settings.app_key.encode(), text.encode(), hashlib.sha256)
        return {
            "gjgxjhpt-rid": self._settings.requester_id,
            "gjgxjhpt-sid": self._settings.service_id,
            "gjgxjhpt-rtime": at,
            "gjgxjhpt-sign": base64.b64encode(sign).decode(),
        }


def asked(name: str, document_type: str, document_number: str) -> dict[str, str]:
    """How most services want to be asked about a person."""
    return {"ZJLX": DOCUMENT_CODES[document_type], "ZJHM": document_number, "XM": name}


class ExchangePopulation(Exchange):
    """The population database behind the exchange."""

    def verify(self, name: str, document_number: str) -> PersonRecord | None:
        """See `Population.verify`."""
        data = self.ask({"GMSFHM": document_number, "XM": name})
        try:
            if data["HYJG"] != "1":
                return None
            return PersonRecord(
                sex="1" if data["XB"] == "1" else "2",
                birth_date=datetime.strptime(data["CSRQ"], "%Y%m%d").date(),  # noqa: DTZ007 a date
                deceased=data["SWBS"] == "1",
                household_division=data["HJXZQH"],
            )
        except (KeyError, TypeError, ValueError):
            raise PartyUnavailable("population") from None


class ExchangeExitEntry(Exchange):
    """The exit-entry administration behind the exchange."""

    def verify(self, name: str, document_type: str, document_number: str) -> PersonRecord | None:
        """See `ExitEntry.verify`."""
        data = self.ask(asked(name, document_type, document_number))
        try:
            if data["HYJG"] != "1":
                return None
            if data["XB"] not in ("0", "1", "2", "9"):
                raise ValueError("no sex of GB/T 2261.1")
            born = datetime.strptime(data["CSRQ"], "%Y%m%d").date()  # noqa: DTZ007 a date
            return PersonRecord(sex=data["XB"], birth_date=born, deceased=False)
        except (KeyError, TypeError, ValueError):
            raise PartyUnavailable("exit_entry") from None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without an offset could be read in any zone")
    return moment


class ExchangeHealthAuthority(Exchange):
    """The health authority behind the exchange."""

    def records(self, name: str, document_type: str, document_number: str) -> list[HealthRecord]:
        """See `HealthAuthority.records`."""
        data = self.ask(asked(name, document_type, document_number))
        try:
            return [
                HealthRecord(
                    record_id=each["JLBH"],
                    category=each["RYLB"],
                    since=_moment(each["KSSJ"]),
                    until=_moment(each["JSSJ"]) if each["JSSJ"] else None,
                )
                for each in data
            ]
        except (KeyError, TypeError, ValueError):
            raise PartyUnavailable("health_authority") from None
