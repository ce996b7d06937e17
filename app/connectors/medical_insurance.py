"""The medical-insurance department (医疗保障部门) behind the exchange: bills, and booking payments.

Its fields are text; amounts are whole fen. Code table of schemes (XZ): 390 城乡居民基本医疗保险.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from app.connectors.exchange import Exchange, ExchangeRefused, asked
from app.core import clock
from app.core.http import PartyUnavailable

PARTY = "medical_insurance"
#: The department's code of a scheme → ours. Bills of other schemes are not taken.
SCHEMES = {"390": "resident_medical"}
#: Refusals of a booking that no repetition will change → our stable code.
FINAL_REFUSALS = {
    "404": "unknown_bill",
    "409": "booked_otherwise",
    "410": "paid_elsewhere",
    "422": "amount_differs",
}


class BookingRefused(Exception):
    """The department will not book this payment; a person must look. `because` is a stable code."""

    def __init__(self, because: str) -> None:
        super().__init__(because)
        self.because = because


@dataclass(frozen=True)
class DepartmentBill:
    """What the department asks of one person for one insurance year."""

    number: str
    scheme: str
    period: str
    #: Fen.
    amount: int
    payable_from: date
    payable_until: date
    paid: bool
    #: Where the department reaches the person (E.164), if it says so.
    phone: str | None = None


@dataclass(frozen=True)
class PaidBill:
    """What the department is told about a payment."""

    number: str
    #: Our id of the bill; the department keeps it beside its own number.
    client_ref: str
    order_number: str
    #: Fen.
    amount: int
    paid_at: datetime
    #: The payment provider's number.
    transaction_id: str


class MedicalInsurance(Protocol):
    """Asks for bills and books payments."""

    def bills(self, name: str, document_type: str, document_number: str) -> list[DepartmentBill]:
        """The person's bills; none unless name and number belong together.

        Raises `PartyUnavailable`.
        """

    def book(self, paid: PaidBill) -> str:
        """The booking number; the same for the same payment again.

        Raises `BookingRefused`, `PartyUnavailable`.
        """

    def close(self) -> None:
        """Give the connections back."""


class ExchangeMedicalInsurance(Exchange):
    """The department behind the exchange."""

    def bills(self, name: str, document_type: str, document_number: str) -> list[DepartmentBill]:
        """See `MedicalInsurance.bills`."""
        data = self.ask(asked(name, document_type, document_number), "/bills")
        try:
            return [_bill(each) for each in data if each["XZ"] in SCHEMES]
        except (KeyError, TypeError, ValueError):
            raise PartyUnavailable(PARTY) from None

    def book(self, paid: PaidBill) -> str:
        """See `MedicalInsurance.book`."""
        body = {
            "JFDH": paid.number,
            "client_ref": paid.client_ref,
            "JFDDH": paid.order_number,
            "JE": str(paid.amount),
            "JFSJ": paid.paid_at.astimezone(clock.SHANGHAI).isoformat(timespec="seconds"),
            "ZFLSH": paid.transaction_id,
        }
        try:
            return _text(self.ask(body, "/bookings")["JZLSH"])
        except ExchangeRefused as refused:
            if refused.answered in FINAL_REFUSALS:
                raise BookingRefused(FINAL_REFUSALS[refused.answered]) from None
            raise
        except (KeyError, TypeError, ValueError):
            raise PartyUnavailable(PARTY) from None


def _bill(entry: dict[str, Any]) -> DepartmentBill:
    """Raises `KeyError`, `TypeError` or `ValueError` when the entry is not as agreed."""
    bill = DepartmentBill(
        number=_text(entry["JFDH"]),
        scheme=SCHEMES[entry["XZ"]],
        period=_text(entry["CBND"]),
        amount=int(entry["YJJE"]),
        payable_from=date.fromisoformat(entry["JFKS"]),
        payable_until=date.fromisoformat(entry["JFJZ"]),
        paid={"1": False, "2": True}[entry["ZT"]],
        phone=entry.get("LXDH") or None,
    )
    if bill.amount <= 0 or bill.payable_from > bill.payable_until:
        raise ValueError("a bill that cannot be")
    return bill


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("empty")
    return value
