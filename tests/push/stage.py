"""People with mandates, bills, orders and facts, as the examples in rule files name them."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from support import Invented, make_person, resident_id

from app.connectors.exchange import PersonRecord
from app.core import clock, crypto
from app.core.db import Session, unit_of_work
from app.core.ids import new_id
from app.core.runtime import Core
from app.family.models import Mandate
from app.identity import real_name
from app.identity.models import Person
from app.payments.models import Bill, Booking, Order, OrderLine
from push import facts
from push.models import NoticePreference

_numbers = itertools.count(1)
#: Of the demonstration's gateway.
PHONE = "+8613900001234"


@dataclass
class Stage:
    """What has been put into the database, by the names an example gives."""

    core: Core
    accounts: dict[str, Invented] = field(default_factory=dict)
    people: dict[str, uuid.UUID] = field(default_factory=dict)
    bills: dict[str, uuid.UUID] = field(default_factory=dict)
    orders: dict[str, uuid.UUID] = field(default_factory=dict)
    #: The last mandate, and whom it is about.
    mandated: tuple[uuid.UUID, uuid.UUID] | None = None
    #: Bill → the order's line.
    lines: dict[str, uuid.UUID] = field(default_factory=dict)

    def person(self, name: str, *, account: bool = True) -> uuid.UUID:
        """A person, who signs in or never did."""
        if account:
            self.accounts[name] = make_person(self.core)
            self.people[name] = self.accounts[name].actor.person
        else:
            self.people[name] = unknown_to_us_no_more(self.core)
        return self.people[name]

    def mandate(self, holder: str, principal: str, **kept: Any) -> None:
        """The holder may do things for the principal."""
        terms = {"scopes": ["pay"], "until": date(2099, 12, 31), "status": "active"} | kept
        with unit_of_work(self.core) as session:
            person = session.get_one(Person, self.people[principal])
            who = self.accounts[holder].actor
            waits = terms["status"] == "pending"
            row = new_id()
            self.mandated = (row, person.id)
            session.add(
                Mandate(
                    id=row,
                    number=f"SQ{row.hex}",
                    holder_account_id=who.account,
                    holder_person_id=who.person,
                    principal_index=person.document_index,
                    principal_document_type="resident_id",
                    principal_name_sealed=b"-",
                    principal_document_sealed=b"-",
                    principal_person_id=None if waits else person.id,
                    relation="parent",
                    created_at=clock.now(),
                    **terms,
                )
            )

    def bill(self, name: str, insured: str, **kept: Any) -> uuid.UUID:
        """A bill; the department names no person, only a document."""
        row = new_id()
        with unit_of_work(self.core) as session:
            person = session.get_one(Person, self.people[insured])
            keys = self.core.keys
            terms = {
                "scheme": "resident_medical",
                "period": kept.pop("year", "2026"),
                "amount": 40_000,
                "payable_from": date(2025, 10, 1),
                "payable_until": date(2025, 12, 31),
                "status": "payable",
            } | kept
            plain = crypto.unseal(
                keys, crypto.Field("persons", "name_sealed", person.id), person.name_sealed
            )
            phone = crypto.seal(keys, crypto.Field("bills", "phone_sealed", row), PHONE)
            terms.setdefault("phone_sealed", phone)
            session.add(
                Bill(
                    id=row,
                    department="medical_insurance",
                    department_number=row.hex,
                    beneficiary_index=person.document_index,
                    person_id=None,
                    name_sealed=crypto.seal(keys, crypto.Field("bills", "name_sealed", row), plain),
                    document_sealed=b"-",
                    fetched_at=clock.now(),
                    **terms,
                )
            )
        self.bills[name] = row
        return row

    def order(self, name: str, payer: str, bills: list[str], status: str) -> uuid.UUID:
        """An order and its lines, all in one status; a settled one is booked."""
        row, now = new_id(), clock.now()
        who = self.accounts[payer].actor
        with unit_of_work(self.core) as session:
            session.add(
                Order(
                    id=row,
                    number=f"HB{row.hex[-12:]}",
                    payer_account_id=who.account,
                    payer_person_id=who.person,
                    amount=40_000 * len(bills),
                    status=status,
                    held_because="amount" if status == "held" else None,
                    created_at=now,
                    expires_at=now + timedelta(minutes=30),
                    paid_at=now,
                )
            )
            session.flush()
            for bill in bills:
                self.lines[bill] = new_id()
                self._line(session, row, bill, status)
        self.orders[name] = row
        return row

    def _line(self, session: Session, order: uuid.UUID, bill: str, status: str) -> None:
        line = {"id": self.lines[bill], "order_id": order, "bill_id": self.bills[bill]}
        kept = "open" if status == "held" else status
        session.add(OrderLine(**line, amount=40_000, status=kept, basis="lookup"))
        session.flush()
        if status == "settled":
            now = clock.now()
            told = {"reference": "YB-1", "created_at": now, "booked_at": now}
            session.add(Booking(line_id=line["id"], status="booked", **told))

    def fact(self, person: str, value: date, **kept: Any) -> None:
        """A day that matters, as somebody stated it."""
        terms = {
            "fact": "resident_id_expiry",
            "source": "湖北省公安厅",
            "as_of": date(2025, 1, 1),
        } | kept
        with unit_of_work(self.core) as session:
            facts.record(session, [facts.Fact(self.people[person], value=value, **terms)])

    def mutes(self, person: str, category: str) -> None:
        """What somebody does not want to hear of."""
        account = self.accounts[person].actor.account
        with unit_of_work(self.core) as session:
            session.add(NoticePreference(account_id=account, category=category, muted=True))

    def enter(self, example: dict[str, Any]) -> None:
        """Bring in an example's people. Their tokens know only the true time."""
        for name, person in example["people"].items():
            self.person(name, account=person["account"])
            for category in person["mutes"]:
                self.mutes(name, category)

    def play(self, example: dict[str, Any]) -> None:
        """Put the rest of an example's facts into the database."""
        for mandate in example["mandates"]:
            self.mandate(**mandate)
        for name, bill in example["bills"].items():
            self.bill(name, **bill)
        for stated in example["facts"]:
            self.fact(**stated)
        for name, order in example["orders"].items():
            self.order(name, **order)


def unknown_to_us_no_more(core: Core) -> uuid.UUID:
    """A person without an account."""
    number = next(_numbers)
    document = resident_id(number, date(1950, 1, 1))
    with unit_of_work(core) as session:
        claimed = real_name.claim("母亲" + chr(0x4E00 + number), document)
        found = PersonRecord("2", claimed.document.birth_date, False, "420106")
        return real_name.person_of(session, claimed, found)


def shanghai(text: str) -> datetime:
    """A moment by the clock on the wall in Wuhan."""
    return datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)
