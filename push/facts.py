"""Days in people's lives, as a named source stated them. What nobody stated is not a fact."""

import csv
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core import clock, crypto
from app.core.db import Session
from app.identity.documents import parse_resident_id
from app.identity.models import Person
from push.errors import FactsRefused
from push.models import PersonFact

#: Facts that rules know how to use.
#: `resident_id_expiry`: the last day of a resident ID, as printed on it. A card valid for ever
#: (issued at 46 or later) has no such day and is not recorded.
KNOWN = frozenset({"resident_id_expiry"})
DOCUMENT_TYPE = "resident_id"
COLUMNS = ("document_type", "document_number", "fact", "value", "source", "as_of")
#: Rows per statement.
CHUNK = 1_000


@dataclass(frozen=True)
class Fact:
    """`fact` of this person is `value`; `source` said so, and it was so on `as_of`."""

    person_id: uuid.UUID
    fact: str
    value: date
    source: str
    as_of: date


@dataclass(frozen=True)
class Imported:
    """Rows whose person is known to us and was recorded, and rows of people we do not know."""

    recorded: int
    unknown: int


def record(session: Session, facts: Sequence[Fact]) -> None:
    """Record facts. An older statement never replaces a newer one. Raises `FactsRefused`."""
    for each in facts:
        if each.fact not in KNOWN or not each.source.strip() or each.as_of > clock.legal_today():
            raise FactsRefused
    now = clock.now()
    newest: dict[tuple[uuid.UUID, str], Fact] = {}
    for each in sorted(facts, key=lambda fact: fact.as_of):
        newest[each.person_id, each.fact] = each
    rows = [{**each.__dict__, "recorded_at": now} for each in newest.values()]
    for start in range(0, len(rows), CHUNK):
        stated = insert(PersonFact).values(rows[start : start + CHUNK])
        session.execute(
            stated.on_conflict_do_update(
                index_elements=["person_id", "fact"],
                set_={
                    name: stated.excluded[name]
                    for name in ("value", "source", "as_of", "recorded_at")
                },
                where=PersonFact.as_of <= stated.excluded.as_of,
            )
        )


def import_table(session: Session, lines: Iterable[str]) -> Imported:
    """Record a CSV table with the columns `COLUMNS`, whole or not at all. Raises `FactsRefused`."""
    rows = _read(lines)
    known = _people(session, {number for number, _ in rows})
    found = [
        Fact(known[number], values["fact"], _day(values["value"]), values["source"].strip(), as_of)
        for number, values in rows
        for as_of in (_day(values["as_of"]),)
        if number in known
    ]
    record(session, found)
    return Imported(len(found), len(rows) - len(found))


def _read(lines: Iterable[str]) -> list[tuple[str, dict[str, str]]]:
    table = csv.DictReader(lines)
    if tuple(table.fieldnames or ()) != COLUMNS:
        raise FactsRefused(fields={"1": [f"columns must be {','.join(COLUMNS)}"]})
    wrong: dict[str, list[str]] = {}
    rows = []
    for values in table:
        problem = _problem(values)
        if problem:
            wrong[str(table.line_num)] = [problem]
        else:
            rows.append((values["document_number"].upper(), values))
    if wrong:
        raise FactsRefused(fields=wrong)
    return rows


def _problem(values: dict[str, str]) -> str | None:
    """What is wrong with a row, in words that repeat nothing of it."""
    if None in values or None in values.values():
        return "too many or too few columns"
    if values["document_type"] != DOCUMENT_TYPE:
        return "document_type must be resident_id"
    if parse_resident_id(values["document_number"], clock.legal_today()) is None:
        return "document_number is not a resident ID number"
    if values["fact"] not in KNOWN:
        return f"fact must be one of {', '.join(sorted(KNOWN))}"
    if not values["source"].strip():
        return "source is missing"
    try:
        stated = _day(values["as_of"])
        _day(values["value"])
    except ValueError:
        return "value and as_of must be days that exist, YYYY-MM-DD"
    if stated > clock.legal_today():
        return "as_of lies in the future"
    return None


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _people(session: Session, numbers: set[str]) -> dict[str, uuid.UUID]:
    """Document number → person, of those known to us."""
    keys = session.core.keys
    by_index = {
        crypto.blind_index(keys, "blind_document", f"{DOCUMENT_TYPE}|{number}"): number
        for number in numbers
    }
    found: dict[str, uuid.UUID] = {}
    indexes = list(by_index)
    for start in range(0, len(indexes), CHUNK):
        rows = session.execute(
            select(Person.document_index, Person.id).where(
                Person.document_type == DOCUMENT_TYPE,
                Person.document_index.in_(indexes[start : start + CHUNK]),
            )
        )
        found.update({by_index[index]: person_id for index, person_id in rows})
    return found
