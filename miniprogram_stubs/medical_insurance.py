"""The medical-insurance department behind the sharing exchange: bills, and booking payments.

As everywhere in the exchange all values are text; amounts (`YJJE`, `JE`) are whole fen. `LXDH` is
the phone the department has of the insured person, null when it has none.
"""

import hashlib
import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request

from miniprogram_stubs import clock
from miniprogram_stubs.exchange import (
    RefusedError,
    answer,
    optional_parameter,
    parameters,
    refuse,
    verify_caller,
)
from miniprogram_stubs.inputs import BadInputError, json_object, moment, text
from miniprogram_stubs.outages import Outages
from miniprogram_stubs.world import MedicalBills, Person, World

_RESIDENT_ID = "10"
_SCHEME, _SCHEME_NAME = "390", "城乡居民基本医疗保险"
_UNPAID, _PAID = "1", "2"
#: What makes a booking: the bill, our ids of bill and order, fen, time, provider's transaction.
_BOOKING_FIELDS = ("JFDH", "client_ref", "JFDDH", "JE", "JFSJ", "ZFLSH")


@dataclass
class Bill:
    """What one insured person owes for one year."""

    number: str
    person: Person
    paid_elsewhere: bool
    booking: dict[str, str] | None = None

    @property
    def state(self) -> str:
        """`1` unpaid, `2` paid, here or elsewhere."""
        return _PAID if self.paid_elsewhere or self.booking else _UNPAID


@dataclass
class Ledger:
    """All bills and what was booked on them. Thread-safe; as many as there are people."""

    terms: MedicalBills
    _by_number: dict[str, Bill]
    _by_document: dict[str, Bill]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def of_world(cls, world: World) -> "Ledger":
        """One bill for everybody insured."""
        terms = world.medical_bills
        bills = [
            Bill(_number(terms.year, person), person, person.key in terms.paid_elsewhere)
            for person in world.people
            if person.role in terms.insured_roles
        ]
        by_number = {bill.number: bill for bill in bills}
        return cls(terms, by_number, {bill.person.document_number: bill for bill in bills})

    def _phone(self, person: Person) -> str | None:
        phone = person.phone or self.terms.contact_phones.get(person.key)
        return f"+86{phone}" if phone else None

    def of(self, number: str, name: str, year: str | None) -> list[dict[str, Any]]:
        """A person's bills; none when name and number do not belong together."""
        bill = self._by_document.get(number)
        if bill is None or bill.person.name != name or year not in (None, self.terms.year):
            return []
        begins, ends = _payment_period()
        with self._lock:
            state = bill.state
        return [
            {
                "JFDH": bill.number,
                "XZ": _SCHEME,
                "XZMC": _SCHEME_NAME,
                "CBND": self.terms.year,
                "YJJE": str(self.terms.amount_fen),
                "JFKS": begins.isoformat(),
                "JFJZ": ends.isoformat(),
                "ZT": state,
                "ZTMC": "已缴" if state == _PAID else "未缴",
                "LXDH": self._phone(bill.person),
                "BZ": self.terms.remark,
            }
        ]

    def book(self, wanted: dict[str, str]) -> str:
        """The booking number of a payment, the same for the same again; raises RefusedError."""
        bill = self._by_number.get(wanted["JFDH"])
        if bill is None:
            raise RefusedError("404", "缴费单不存在")
        if wanted["JE"] != str(self.terms.amount_fen):
            raise RefusedError("422", "入账金额与应缴金额不一致")
        with self._lock:
            if bill.booking is not None:
                if any(bill.booking[name] != wanted[name] for name in _BOOKING_FIELDS):
                    raise RefusedError("409", "该缴费单已按其他内容入账")
                return bill.booking["JZLSH"]
            if bill.paid_elsewhere:
                raise RefusedError("410", "该缴费单已通过其他渠道缴纳")
            now = clock.now()
            number = f"JZ{clock.beijing(now):%Y%m%d}{next(self._numbers):08d}"
            bill.booking = {**wanted, "JZLSH": number, "RZSJ": clock.rfc3339(now)}
            return number

    def pay_elsewhere(self, document_number: str) -> Bill:
        """Somebody pays at a counter; raises BadInputError."""
        bill = self._by_document.get(document_number)
        if bill is None:
            raise BadInputError("演示世界中此证件号码没有缴费单", 404, "not_found")
        with self._lock:
            if bill.booking is not None:
                raise BadInputError("该缴费单已入账", 409, "booked")
            bill.paid_elsewhere = True
        return bill

    def bookings(self, client_ref: str | None) -> list[dict[str, str]]:
        """What is booked, on one of our bills or on all, in the order of booking."""
        with self._lock:
            booked = [bill.booking for bill in self._by_number.values() if bill.booking]
        chosen = [entry for entry in booked if client_ref in (None, entry["client_ref"])]
        return sorted(chosen, key=lambda entry: entry["JZLSH"])


def party(world: World, ledger: Ledger, outages: Outages) -> Blueprint:
    """POST `/exchange/medical-insurance/bills` and `/exchange/medical-insurance/bookings`."""
    calls = Blueprint("medical_insurance", __name__, url_prefix="/exchange/medical-insurance")
    outages.guard(calls, "medical_insurance")
    calls.before_request(lambda: verify_caller(world.medical_insurance))
    calls.register_error_handler(RefusedError, refuse)

    @calls.post("/bills")
    def bills() -> Response:
        document_type, number, name = parameters("ZJLX", "ZJHM", "XM")
        year = optional_parameter("CBND")
        return answer(ledger.of(number, name, year) if document_type == _RESIDENT_ID else [])

    @calls.post("/bookings")
    def bookings() -> Response:
        wanted = dict(zip(_BOOKING_FIELDS, parameters(*_BOOKING_FIELDS), strict=True))
        try:
            moment(wanted["JFSJ"], "JFSJ")
        except BadInputError as error:
            raise RefusedError("400", error.message) from None
        return answer({"JZLSH": ledger.book(wanted)})

    return calls


def demonstration_calls(ledger: Ledger) -> Blueprint:
    """GET `/departments/bookings`, POST `/medical-insurance/simulate/paid-elsewhere`."""
    calls = Blueprint("medical_insurance_simulate", __name__)

    @calls.get("/departments/bookings")
    def booked() -> Response:
        unknown = set(request.args) - {"bill_id"}
        if unknown:
            raise BadInputError(f"未知参数：{'、'.join(sorted(unknown))}")
        bookings = ledger.bookings(request.args.get("bill_id"))
        return jsonify({"items": [_shown(booking) for booking in bookings]})

    @calls.post("/medical-insurance/simulate/paid-elsewhere")
    def paid_elsewhere() -> Response:
        body = json_object(("document_number",), required=("document_number",))
        bill = ledger.pay_elsewhere(text(body, "document_number"))
        return jsonify({"JFDH": bill.number, "ZT": bill.state})

    return calls


def _shown(booking: dict[str, str]) -> dict[str, Any]:
    return {
        "department": "medical_insurance",
        "bill_id": booking["client_ref"],
        "bill_number": booking["JFDH"],
        "booking_number": booking["JZLSH"],
        "order_number": booking["JFDDH"],
        "amount": int(booking["JE"]),
        "paid_at": booking["JFSJ"],
        "transaction_id": booking["ZFLSH"],
        "booked_at": booking["RZSJ"],
    }


def _number(year: str, person: Person) -> str:
    """The department's number of a bill; it does not tell whose it is."""
    digest = hashlib.sha256(f"medical bill {year} {person.key}".encode()).digest()
    return f"YB{year}{int.from_bytes(digest[:8]) % 10**14:014d}"


def _payment_period() -> tuple[date, date]:
    """From the month before this one to the one after the next, so that today is always within."""
    first = clock.beijing(clock.now()).date().replace(day=1)
    begins = (first - timedelta(days=1)).replace(day=1)
    return begins, (first + timedelta(days=100)).replace(day=1) - timedelta(days=1)
