"""Invented people in bulk: accounts with a proved name, a session and a green code; staff at doors.

Rows go in by COPY. Personal fields are sealed with the product's own crypto, and the status is what
the product's own rules decide.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from app.core import clock, crypto
from app.core.db import Session, raw_connection, unit_of_work
from app.core.ids import new_id
from app.core.keys import KeyRing
from app.core.runtime import Core
from app.identity.models import Account, Person, SessionFamily
from app.identity.sessions import IDLE_LIFE
from healthcode import rulebook
from healthcode.colours import Case, Decision, Declaration, evaluate
from healthcode.deciding import sealed_answers
from healthcode.models import HealthDeclaration, HealthStatus, Venue, VenueStaff

#: Rows of one table in one COPY and one commit.
CHUNK = 5_000
DIVISION = "420106"

Row = dict[str, Any]


@dataclass(frozen=True)
class Citizen:
    """An invented person as requests need them."""

    account_id: uuid.UUID
    person_id: uuid.UUID
    session_id: uuid.UUID
    status_id: uuid.UUID


@dataclass(frozen=True)
class Member:
    """Somebody who scans at a venue. Without a session: a guard asks for one only when stale."""

    account_id: uuid.UUID
    person_id: uuid.UUID | None
    level: str
    venue_id: uuid.UUID


@dataclass(frozen=True)
class Verdict:
    """What everybody declared, and what the rules made of it."""

    at: datetime
    answers: str
    decision: Decision
    rule_set: str


def add_citizens(core: Core, number: int, done: Callable[[int], None]) -> None:
    """Add `number` people; `done` is told how many went in."""
    verdict = _verdict()
    for start in range(0, number, CHUNK):
        some = range(start, min(start + CHUNK, number))
        rows = [_rows(core.keys, each, verdict) for each in some]
        with unit_of_work(core) as session:
            for table, of_table in zip(TABLES, zip(*rows, strict=True), strict=True):
                copy_rows(session, table.__tablename__, of_table)
        done(len(some))


TABLES = (Person, Account, SessionFamily, HealthDeclaration, HealthStatus)


def add_staff(core: Core, citizens: Sequence[Citizen], venues: int) -> None:
    """Let these people scan, spread over `venues` invented venues."""
    ids = [new_id() for _ in range(venues)]
    places = [
        {
            "id": each,
            "name": f"测试场所{number}",
            "kind": "office",
            "region_code": f"{DIVISION}000000",
            "address": "测试路1号",
            "active": True,
        }
        for number, each in enumerate(ids)
    ]
    members = [
        {
            "venue_id": ids[number % venues],
            "account_id": citizen.account_id,
            "since": clock.now(),
            "until": None,
        }
        for number, citizen in enumerate(citizens)
    ]
    with unit_of_work(core) as session:
        session.execute(insert(Venue), places)
        session.execute(insert(VenueStaff), members)


def read_citizens(core: Core) -> list[Citizen]:
    """Everybody with a green code."""
    green = (
        select(Account.id, HealthStatus.person_id, SessionFamily.id, HealthStatus.id)
        .join(SessionFamily, SessionFamily.account_id == Account.id)
        .join(HealthStatus, HealthStatus.person_id == Account.person_id)
        .where(HealthStatus.replaced_at.is_(None), HealthStatus.colour == "green")
    )
    with core.session() as session:
        return [Citizen(*row) for row in session.execute(green)]


def read_staff(core: Core) -> list[Member]:
    """Everybody who may scan somewhere: the demonstration's staff and those added."""
    staff = select(Account.id, Account.person_id, Account.level, VenueStaff.venue_id).join(
        VenueStaff, VenueStaff.account_id == Account.id
    )
    with core.session() as session:
        return [Member(*row) for row in session.execute(staff)]


def _verdict() -> Verdict:
    answers = {"temperature_c": 36.5, "symptoms": [], "contact": "no", "risk_area": "low"}
    rules, now = rulebook.current(), clock.now()
    declared = Declaration(new_id(), now, 36.5, frozenset(), "no", "low")
    decision = evaluate(Case(declared, [], authority_answered=True), now, rules)
    if decision.colour != "green":
        raise ValueError(f"a healthy person is {decision.colour} by the rules {rules.id}")
    return Verdict(now, json.dumps(answers), decision, rules.id)


def _rows(keys: KeyRing, number: int, verdict: Verdict) -> tuple[Row, ...]:
    """One person's row in each of `TABLES`, in their order."""
    person, account, declaration = new_id(), new_id(), new_id()
    return (
        _person(keys, person, number, verdict.at),
        _account(keys, account, person, number, verdict.at),
        _family(keys, account, verdict.at),
        {
            "id": declaration,
            "person_id": person,
            "account_id": account,
            "declared_at": verdict.at,
            "answers_sealed": crypto.seal(keys, sealed_answers(declaration), verdict.answers),
        },
        _status(person, declaration, verdict),
    )


def _person(keys: KeyRing, row: uuid.UUID, number: int, at: datetime) -> Row:
    born, document = invented_document(number)
    name = "测试" + chr(0x4E00 + number % 20_000)
    return {
        "id": row,
        "document_type": "resident_id",
        "document_index": crypto.blind_index(keys, "blind_document", document),
        "name_sealed": crypto.seal(keys, crypto.Field("persons", "name_sealed", row), name),
        "document_sealed": crypto.seal(
            keys, crypto.Field("persons", "document_sealed", row), document
        ),
        "sex": "9",
        "birth_date": born,
        "household_division": DIVISION,
        "created_at": at,
    }


def _account(keys: KeyRing, row: uuid.UUID, person: uuid.UUID, number: int, at: datetime) -> Row:
    field = crypto.Field("accounts", "phone_sealed", row)
    return {
        "id": row,
        "phone_index": crypto.blind_index(keys, "blind_phone", phone(number)),
        "phone_sealed": crypto.seal(keys, field, phone(number)),
        "person_id": person,
        "level": "real_name",
        "created_at": at,
        "proved_at": at,
    }


def _family(keys: KeyRing, account: uuid.UUID, at: datetime) -> Row:
    row = new_id()
    field = crypto.Field("session_families", "device_name_sealed", row)
    return {
        "id": row,
        "account_id": account,
        "device_id": "bench",
        "device_name_sealed": crypto.seal(keys, field, "测试机"),
        "platform": "ios",
        "generation": 0,
        "rotated_at": at,
        "created_at": at,
        "expires_at": at + IDLE_LIFE,
    }


def _status(person: uuid.UUID, declaration: uuid.UUID, verdict: Verdict) -> Row:
    return {
        "id": uuid.uuid4(),
        "person_id": person,
        "version": 1,
        "state": verdict.decision.state,
        "colour": verdict.decision.colour,
        "reasons": json.dumps([asdict(each) for each in verdict.decision.reasons], default=str),
        "rule_set": verdict.rule_set,
        "declaration_id": declaration,
        "evidence_ids": "[]",
        "authority_answered": True,
        "decided_at": verdict.at,
        "valid_until": verdict.decision.valid_until,
        "replaced_at": None,
    }


def phone(number: int) -> str:
    """The invented phone (E.164) of the person with this number."""
    return f"+86199{20_000_000 + number:08d}"


def invented_document(number: int) -> tuple[date, str]:
    """A birthday and a resident ID with a good check character; its division was never assigned."""
    born = date(1950, 1, 1) + timedelta(days=number // 999)
    body = f"429997{born:%Y%m%d}{number % 999:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(w * int(d) for w, d in zip(weights, body, strict=True))
    return born, body + "10X98765432"[total % 11]


def copy_rows(session: Session, table: str, rows: Iterable[Row]) -> None:
    """COPY rows that all have the same columns in the same order."""
    lines: Iterator[Row] = iter(rows)
    first = next(lines)
    statement = f"COPY {table} ({', '.join(first)}) FROM STDIN"
    with raw_connection(session).cursor() as cursor, cursor.copy(statement) as copy:
        copy.write_row(tuple(first.values()))
        for row in lines:
            copy.write_row(tuple(row.values()))
