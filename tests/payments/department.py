"""A medical-insurance department in this process, whose answers a test decides."""

import itertools
import uuid
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from app.connectors.medical_insurance import BookingRefused, DepartmentBill, PaidBill
from app.core import clock
from app.core.http import PartyUnavailable

AMOUNT = 40_000
_numbers = itertools.count(1)


def bill_for(number: str, **changes: Any) -> DepartmentBill:
    """An unpaid bill of insurance year 2027 whose payment period contains today."""
    today = clock.legal_today()
    plain = DepartmentBill(
        number=number,
        scheme="resident_medical",
        period="2027",
        amount=AMOUNT,
        payable_from=today - timedelta(days=30),
        payable_until=today + timedelta(days=30),
        paid=False,
    )
    return replace(plain, **changes)


def next_year() -> str:
    """A good last day for a mandate."""
    return (clock.legal_today() + timedelta(days=365)).isoformat()


@dataclass
class Department:
    """Knows bills by name and number; `silent` means that it does not answer."""

    known: dict[tuple[str, str], list[DepartmentBill]] = field(default_factory=dict)
    silent: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    booked: dict[str, PaidBill] = field(default_factory=dict)

    def bills(self, name: str, document_type: str, document_number: str) -> list[DepartmentBill]:
        self.asked.append((name, document_number))
        if self.silent:
            raise PartyUnavailable("medical_insurance")
        return list(self.known.get((name, document_number), ()))

    def book(self, paid: PaidBill) -> str:
        if self.silent:
            raise PartyUnavailable("medical_insurance")
        if self.booked.setdefault(paid.number, paid) != paid:
            raise BookingRefused("booked_otherwise")
        return f"JZ{paid.number}"

    def close(self) -> None:
        pass

    def asks(self, person: Any, **changes: Any) -> DepartmentBill:
        """One more bill of this person, or the same period's bill changed."""
        mine = self.known.setdefault((person.name, person.document_number), [])
        bill = bill_for(f"YB{next(_numbers):06d}", **changes)
        mine[:] = [each for each in mine if each.period != bill.period]
        mine.append(bill)
        return bill


@dataclass(frozen=True)
class Payer:
    """Somebody at the counter of our interface; all calls answer the raw response."""

    client: Any
    who: Any

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.who.headers)

    def look_up(self, person: Any, **changes: Any) -> Any:
        body = {
            "name": person.name,
            "document_type": "resident_id",
            "document_number": person.document_number,
            "scheme": "resident_medical",
            **changes,
        }
        return self.client.post("/api/v1/bills/lookup", json=body, headers=self.headers)

    def bills(self, beneficiary_id: Any = None) -> Any:
        query = f"?beneficiary_id={beneficiary_id}" if beneficiary_id else ""
        return self.client.get(f"/api/v1/bills{query}", headers=self.headers)

    def order(self, *bill_ids: Any, key: str | None = None) -> Any:
        headers = {**self.headers, "Idempotency-Key": key or uuid.uuid4().hex}
        body = {"bill_ids": [str(each) for each in bill_ids]}
        return self.client.post("/api/v1/orders", json=body, headers=headers)

    def get(self, path: str) -> Any:
        return self.client.get(path, headers=self.headers)

    def post(self, path: str, body: Any = None) -> Any:
        return self.client.post(path, json=body if body is not None else {}, headers=self.headers)

    def found(self, person: Any) -> str:
        """Id of the one bill a look-up finds."""
        (item,) = self.look_up(person).json["items"]
        return str(item["id"])
