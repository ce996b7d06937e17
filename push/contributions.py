"""Whom the yearly contribution to a residents' insurance concerns, as far as we can know.

A bill is known once somebody has asked the department for it. Whose bill nobody asked for may have
paid, may still have to, or may be insured by an employer: they are told so, and of no amount.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    Date,
    Select,
    String,
    Subquery,
    and_,
    any_,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.sql import CompoundSelect

from app.core import clock
from app.family.models import Mandate
from app.identity.documents import RESIDENT_ID
from app.identity.models import Account, Person
from app.payments.models import Bill

Facts = Select[Any] | CompoundSelect[Any]


@dataclass(frozen=True)
class YearlyPeriod:
    """The days on which most people pay, and the insurance year they pay for."""

    opens: date
    #: The last day.
    due: date
    year: str


def yearly_period(day: date, first: str, last: str) -> YearlyPeriod | None:
    """The period `day` lies in, of those from `first` to `last` (MM-DD) of each year.

    A period that ends earlier in the year than it begins ends in the next one. It is for the year
    after the one it begins in. Raises `ValueError` for what is no day of every year.
    """
    begins, ends = (date.fromisoformat(f"2001-{each}") for each in (first, last))
    for year in (day.year, day.year - 1):
        opens = begins.replace(year=year)
        due = ends.replace(year=year if begins <= ends else year + 1)
        if opens <= day <= due:
            return YearlyPeriod(opens, due, str(year + 1))
    return None


def payable_bills(day: date, parameters: Mapping[str, str]) -> Facts:
    """Bills of one scheme that can be paid on `day`: for the insured, and for whoever may pay."""
    due = _payable(day, parameters["scheme"])
    return union_all(_to_insured(due, "own"), _to_holders(due, "held", day))


def contributions(day: date, parameters: Mapping[str, str]) -> Facts:
    """As `payable_bills`, and within the yearly period whoever's bill of that year we do not know."""
    due = _payable(day, parameters["scheme"])
    told = [_to_insured(due, "own"), _to_holders(due, "held", day)]
    period = yearly_period(day, parameters["from"], parameters["until"])
    if period is not None:
        unknown = _unknown(parameters["scheme"], period)
        told += [_to_insured(unknown, "own_unknown"), _to_holders(unknown, "held_unknown", day)]
    return union_all(*told)


def is_the_insured() -> Any:
    """Of a `Person` and a `Bill`: it is theirs. The department names no person, only a document."""
    return Person.document_index == Bill.beneficiary_index


def _payable(day: date, scheme: str) -> Subquery:
    fetched_on = cast(func.timezone(clock.SHANGHAI.key, Bill.fetched_at), Date)
    params = func.jsonb_build_object(
        *("year", Bill.period, "amount", Bill.amount, "as_of", fetched_on),
        *("from", Bill.payable_from, "until", Bill.payable_until),
    )
    return (
        select(
            Person.id.label("person_id"),
            Bill.period,
            Bill.payable_from.label("opens"),
            Bill.payable_until.label("due"),
            params.label("params"),
        )
        .join(Bill, is_the_insured())
        .where(
            Bill.scheme == scheme,
            Bill.status == "payable",
            Bill.payable_from <= day,
            Bill.payable_until >= day,
        )
        .subquery("payable")
    )


def _unknown(scheme: str, period: YearlyPeriod) -> Subquery:
    # Any bill of that year is knowledge: paid, not yet payable, or no longer.
    known = (
        select(Bill.id)
        .where(Bill.scheme == scheme, Bill.period == period.year, is_the_insured())
        .exists()
    )
    opens, due = literal(period.opens, Date), literal(period.due, Date)
    params = func.jsonb_build_object("year", literal(period.year), "from", opens, "until", due)
    return (
        select(
            Person.id.label("person_id"),
            literal(period.year).label("period"),
            opens.label("opens"),
            due.label("due"),
            params.label("params"),
        )
        .where(Person.document_type == RESIDENT_ID, ~known)
        .subquery("unknown")
    )


def _to_insured(due: Subquery, wording: str) -> Select[Any]:
    return select(*_columns(due, Account.id, wording)).join(
        Account, Account.person_id == due.c.person_id
    )


def _to_holders(due: Subquery, wording: str, day: date) -> Select[Any]:
    return select(*_columns(due, Mandate.holder_account_id, wording)).join(
        Mandate,
        and_(
            Mandate.principal_person_id == due.c.person_id,
            Mandate.status == "active",
            literal("pay") == any_(Mandate.scopes),
            Mandate.until >= day,
        ),
    )


def _columns(due: Subquery, recipient: Any, wording: str) -> list[Any]:
    return [
        recipient.label("recipient"),
        due.c.person_id.label("subject"),
        cast(due.c.person_id, String).label("subject_key"),
        due.c.period.label("period"),
        due.c.opens.label("opens"),
        due.c.due.label("due"),
        literal(wording).label("wording"),
        due.c.params.label("params"),
    ]
