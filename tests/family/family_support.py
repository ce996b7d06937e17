"""Children, elders and the registers that know them, as a test decides."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import date

from support import resident_id

from app.connectors.exchange import PersonRecord
from app.connectors.household_register import GuardianPair
from app.core.http import PartyUnavailable
from app.identity.documents import parse_resident_id

_numbers = itertools.count(100)
DIVISION = "420106"
#: When elders were born.
BORN = date(1950, 6, 1)


@dataclass(frozen=True)
class Somebody:
    """A person without an account."""

    name: str
    document_number: str

    @property
    def claimed(self) -> dict[str, str]:
        """As a request names them."""
        return {
            "name": self.name,
            "document_type": "resident_id",
            "document_number": self.document_number,
        }


@dataclass
class Population:
    """Knows whoever was entered; a parent registered elsewhere has another division."""

    known: dict[str, tuple[str, str]] = field(default_factory=dict)
    silent: bool = False

    def enter(self, person: Somebody, division: str = DIVISION) -> Somebody:
        self.known[person.document_number] = (person.name, division)
        return person

    def verify(self, name: str, document_number: str) -> PersonRecord | None:
        if self.silent:
            raise PartyUnavailable("population")
        known, division = self.known.get(document_number, ("", ""))
        if known != name:
            return None
        document = parse_resident_id(document_number, date.max)
        return PersonRecord(document.sex, document.birth_date, False, division)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Households:
    """Knows which number is whose guardian's."""

    guardians: dict[tuple[str, str], str] = field(default_factory=dict)
    silent: bool = False

    def guardian_as(self, pair: GuardianPair) -> str | None:
        if self.silent:
            raise PartyUnavailable("household_register")
        return self.guardians.get((pair.guardian[2], pair.child[2]))

    def close(self) -> None:
        """Nothing is open."""


def somebody(born: date) -> Somebody:
    """A new invented person born that day."""
    number = next(_numbers)
    return Somebody("家人" + chr(0x4E00 + number), resident_id(number, born))


def years_before(day: date, years: int, days: int = 0) -> date:
    """That many years before a day that is no 29 February, and so many days."""
    return date.fromordinal(day.replace(year=day.year - years).toordinal() - days)
