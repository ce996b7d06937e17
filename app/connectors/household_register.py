"""The register of households and births (户籍、出生医学证明): who is whose guardian."""

from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from app.connectors.exchange import DOCUMENT_CODES, Exchange
from app.core.http import PartyUnavailable

PARTY = "household_register"
GuardianAs = Literal["father", "mother", "guardian"]
GUARDIANS: tuple[GuardianAs, ...] = get_args(GuardianAs)
#: 与被监护人关系: 父亲, 母亲, 其他监护人.
_RELATIONS: dict[str, GuardianAs] = {"1": "father", "2": "mother", "9": "guardian"}

#: Name, kind of document and number.
Named = tuple[str, str, str]


@dataclass(frozen=True)
class GuardianPair:
    """Who is said to be whose guardian."""

    guardian: Named
    child: Named


class HouseholdRegister(Protocol):
    """Knows guardians and their children."""

    def guardian_as(self, pair: GuardianPair) -> GuardianAs | None:
        """What the one is to the other today; None if nothing. May raise `PartyUnavailable`."""

    def close(self) -> None:
        """Give the connections back."""


class ExchangeHouseholdRegister(Exchange):
    """The register behind the exchange."""

    def guardian_as(self, pair: GuardianPair) -> GuardianAs | None:
        """See `HouseholdRegister.guardian_as`."""
        data = self.ask({**_asked("JHR", pair.guardian), **_asked("BJHR", pair.child)})
        try:
            return _RELATIONS[data["JHGX"]] if data["HYJG"] == "1" else None
        except (KeyError, TypeError):
            raise PartyUnavailable(PARTY) from None


def _asked(prefix: str, named: Named) -> dict[str, str]:
    name, kind, number = named
    return {
        f"{prefix}XM": name,
        f"{prefix}ZJLX": DOCUMENT_CODES[kind],
        f"{prefix}ZJHM": number,
    }
