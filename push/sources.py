"""Where rules get their facts: each source is one SELECT over everybody it concerns.

All sources answer the same columns, so that one INSERT … SELECT serves every rule:
recipient, subject, subject_key, period, opens, due, wording, params. A daily source answers an indexed
column as `subject`, because the evaluation asks it for one range of people at a time.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import (
    Date,
    String,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from app.family.events import MandateMoved
from app.identity.events import WayInChanged
from app.identity.models import Account, Person
from app.payments.events import LineSettled, OrderHeld, OrderPaid
from app.payments.models import Bill, Order, OrderLine
from push.contributions import Facts, contributions, is_the_insured, payable_bills
from push.mandates import moved_mandate
from push.models import PersonFact

#: How a value is shown: as it is, as yuan, as a day, as a masked name, as the rule's word for it.
Kind = Literal["text", "money", "date", "person", "word"]


@dataclass(frozen=True)
class Source:
    """A kind of fact that rules can speak of."""

    select: Callable[[date, Mapping[str, str]], Facts]
    #: The texts a rule must have for it, and what each may name.
    wordings: Mapping[str, Mapping[str, Kind]]
    #: What it must be told: by the rule, or by the event.
    parameters: frozenset[str]
    #: Which of its days a window can be counted from.
    days: frozenset[str] = frozenset()


def _expiring_facts(day: date, parameters: Mapping[str, str]) -> Facts:
    """Days recorded of people with an account. Nothing is guessed: no record, no fact."""
    del day
    params = func.jsonb_build_object(
        *("expires", PersonFact.value, "source", PersonFact.source, "as_of", PersonFact.as_of)
    )
    return (
        select(
            Account.id.label("recipient"),
            PersonFact.person_id.label("subject"),
            cast(PersonFact.person_id, String).label("subject_key"),
            cast(PersonFact.value, String).label("period"),
            cast(null(), Date).label("opens"),
            PersonFact.value.label("due"),
            literal("own").label("wording"),
            params.label("params"),
        )
        .join(Account, Account.person_id == PersonFact.person_id)
        .where(PersonFact.fact == parameters["fact"])
    )


def _paid_order(day: date, parameters: Mapping[str, str]) -> Facts:
    """The payer of an order whose money has come."""
    del day
    lines = select(func.count()).where(OrderLine.order_id == Order.id).scalar_subquery()
    params = func.jsonb_build_object("amount", Order.amount, "number", Order.number, "lines", lines)
    return select(
        Order.payer_account_id.label("recipient"),
        Order.payer_person_id.label("subject"),
        func.concat("order:", Order.id).label("subject_key"),
        literal("paid").label("period"),
        *_no_days(),
        literal("paid").label("wording"),
        params.label("params"),
    ).where(Order.id == uuid.UUID(parameters["order_id"]), Order.status.in_(("paid", "settled")))


def _held_order(day: date, parameters: Mapping[str, str]) -> Facts:
    """The payer of an order that a person must look at."""
    del day
    params = func.jsonb_build_object("amount", Order.amount, "number", Order.number)
    return select(
        Order.payer_account_id.label("recipient"),
        Order.payer_person_id.label("subject"),
        func.concat("order:", Order.id).label("subject_key"),
        literal("held").label("period"),
        *_no_days(),
        literal("held").label("wording"),
        params.label("params"),
    ).where(Order.id == uuid.UUID(parameters["order_id"]), Order.status == "held")


def _settled_line(day: date, parameters: Mapping[str, str]) -> Facts:
    """Payer and insured of a bill that the department has booked."""
    del day
    line = (
        select(
            OrderLine.id,
            OrderLine.amount,
            Order.payer_account_id,
            Order.payer_person_id,
            Order.number,
            Bill.id.label("bill_id"),
            Bill.scheme,
            Bill.period,
            func.coalesce(Bill.person_id, Person.id).label("person_id"),
        )
        .join(Order, Order.id == OrderLine.order_id)
        .join(Bill, Bill.id == OrderLine.bill_id)
        .outerjoin(Person, and_(Bill.person_id.is_(None), is_the_insured()))
        .where(OrderLine.id == uuid.UUID(parameters["line_id"]), OrderLine.status == "settled")
        .subquery("line")
    )
    own = line.c.person_id.is_not_distinct_from(line.c.payer_person_id)
    payer = select(
        *_line_columns(
            line, line.c.payer_account_id, case((own, "settled_own"), else_="settled_for_other")
        )
    )
    insured = (
        select(*_line_columns(line, Account.id, literal("settled_for_you")))
        .join(Account, Account.person_id == line.c.person_id)
        .where(Account.id != line.c.payer_account_id)
    )
    return union_all(payer, insured)


def _changed_way_in(day: date, parameters: Mapping[str, str]) -> Facts:
    """The owner of an account, of what was done to a way into it."""
    del day
    return select(
        Account.id.label("recipient"),
        Account.person_id.label("subject"),
        func.concat("account:", Account.id).label("subject_key"),
        literal(parameters["id"]).label("period"),
        *_no_days(),
        literal(parameters["what"]).label("wording"),
        func.jsonb_build_object().label("params"),
    ).where(Account.id == uuid.UUID(parameters["account_id"]))


def _line_columns(line: Subquery, recipient: Any, wording: Any) -> list[Any]:
    params = func.jsonb_build_object(
        *("amount", line.c.amount, "scheme", line.c.scheme, "year", line.c.period),
        *("number", line.c.number, "payer", line.c.payer_person_id, "bill_id", line.c.bill_id),
    )
    return [
        recipient.label("recipient"),
        line.c.person_id.label("subject"),
        func.concat("line:", line.c.id).label("subject_key"),
        line.c.period.label("period"),
        *_no_days(),
        wording.label("wording"),
        params.label("params"),
    ]


def _no_days() -> tuple[Any, Any]:
    return cast(null(), Date).label("opens"), cast(null(), Date).label("due")


_BILL: Mapping[str, Kind] = {"year": "text", "amount": "money", "from": "date", "until": "date"}
_DATED_BILL: Mapping[str, Kind] = {**_BILL, "as_of": "date"}
_YEAR: Mapping[str, Kind] = {"year": "text", "from": "date", "until": "date"}
_LINE: Mapping[str, Kind] = {
    **{"amount": "money", "scheme": "word", "year": "text"},
    **{"number": "text", "payer": "person"},
}

#: Evaluated every legal day.
DAILY: Mapping[str, Source] = {
    "payable_bills": Source(
        payable_bills,
        wordings={"own": _BILL, "held": _BILL},
        parameters=frozenset({"scheme"}),
        days=frozenset({"opens", "due"}),
    ),
    "contributions": Source(
        contributions,
        wordings={
            **{"own": _DATED_BILL, "held": _DATED_BILL},
            **{"own_unknown": _YEAR, "held_unknown": _YEAR},
        },
        parameters=frozenset({"scheme", "from", "until"}),
        days=frozenset({"opens", "due"}),
    ),
    "expiring_facts": Source(
        _expiring_facts,
        wordings={"own": {"expires": "date", "source": "text", "as_of": "date"}},
        parameters=frozenset({"fact"}),
        days=frozenset({"due"}),
    ),
}

#: What a `WayInChanged` can be about.
WAYS_IN = (
    *("password_set", "password_changed", "password_removed"),
    *("wechat_linked", "wechat_removed", "alipay_linked", "alipay_removed"),
    *("scan_login", "legacy_linked", "site_token_copied", "session_copied"),
)

_MANDATE: Mapping[str, Kind] = {"number": "text"}
_ENDED: Mapping[str, Kind] = {"number": "text", "by": "word"}

#: Evaluated when the event of this name was recorded.
ON_EVENT: Mapping[str, Source] = {
    OrderPaid.NAME: Source(
        _paid_order,
        wordings={"paid": {"amount": "money", "number": "text", "lines": "text"}},
        parameters=frozenset({"order_id"}),
    ),
    OrderHeld.NAME: Source(
        _held_order,
        wordings={"held": {"amount": "money", "number": "text"}},
        parameters=frozenset({"order_id"}),
    ),
    LineSettled.NAME: Source(
        _settled_line,
        wordings={"settled_own": _LINE, "settled_for_other": _LINE, "settled_for_you": _LINE},
        parameters=frozenset({"line_id"}),
    ),
    WayInChanged.NAME: Source(
        _changed_way_in,
        wordings={what: {} for what in WAYS_IN},
        parameters=frozenset({"id", "account_id", "what", "at"}),
    ),
    MandateMoved.NAME: Source(
        moved_mandate,
        wordings={
            **{"asked_held": _MANDATE, "asked_given": _MANDATE},
            **{"confirmed_held": _MANDATE, "confirmed_given": _MANDATE},
            **{"ended_held": _ENDED, "ended_given": _ENDED},
        },
        parameters=frozenset({"mandate_id", "to", "principal"}),
    ),
}
