"""Bills and orders as a payer is shown them: the insured person only by masked name."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select, tuple_, union_all
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.core.db import Session
from app.core.types import Actor
from app.identity.models import Person
from app.identity.queries import masked_name
from app.payments.bills import beneficiary_name, status_of
from app.payments.models import Bill, Order, OrderLine, PaymentAttempt, Receipt

CURRENCY = "CNY"
#: What a line's state is called towards people.
LINE_STATUS = {"open": "awaiting_payment"}

Shown = dict[str, Any]


def money(fen: int) -> Shown:
    """An amount as the interface carries it."""
    return {"amount": fen, "currency": CURRENCY}


def show_bills(session: Session, bills: Iterable[Bill]) -> list[Shown]:
    """Bills of somebody whose person the reader may know."""
    return [_bill(session, bill, person_id=bill.person_id) for bill in bills]


def show_found(session: Session, bills: Iterable[Bill]) -> list[Shown]:
    """Bills found by name and number: not even the person's id is told."""
    return [_bill(session, bill) for bill in bills]


def show_order(session: Session, order: Order) -> Shown:
    """One order as its payer sees it."""
    return show_orders(session, [order])[0]


def show_orders(session: Session, orders: Sequence[Order]) -> list[Shown]:
    """Orders of one payer, with lines and attempts, all of them as they stood at one moment.

    One statement reads them: between two a payment may come, and an order that is paid would be shown
    with an attempt that is open.
    """
    rows = session.execute(_WHOLE, {"ids": [order.id for order in orders]}).all()
    names = {
        person_id: masked_name(session, person_id)
        for person_id in {order.payer_person_id for order in orders}
    }
    found: dict[uuid.UUID, Shown] = {}
    for order, line, bill, attempts in rows:
        payer = {"masked_name": names[order.payer_person_id]}
        shown = found.setdefault(order.id, _order(order, payer, attempts or []))
        shown["lines"].append(_line(session, line, bill))
    return [found[order.id] for order in orders]


def list_orders(
    session: Session, actor: Actor, *, before: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[Order]:
    """The actor's orders, newest first, from `before` on."""
    mine = select(Order).where(Order.payer_account_id == actor.account)
    if before is not None:
        mine = mine.where(tuple_(Order.created_at, Order.id) < before)
    newest_first = mine.order_by(Order.created_at.desc(), Order.id.desc())
    return list(session.scalars(newest_first.limit(limit)))


def list_receipts(
    session: Session, actor: Actor, *, after: uuid.UUID | None, limit: int
) -> list[Shown]:
    """My receipts, as payer or as the insured person, newest first (their ids grow with time)."""
    me = session.get_one(Person, actor.person)
    insured = (
        select(Receipt.id)
        .join(OrderLine, OrderLine.id == Receipt.line_id)
        .join(Bill, Bill.id == OrderLine.bill_id)
        .where(
            Receipt.audience == "beneficiary",
            OrderLine.status != "closed",
            Bill.beneficiary_index == me.document_index,
        )
    )
    paid = select(Receipt.id).where(Receipt.audience == "payer", Receipt.person_id == me.id)
    if after is not None:
        insured, paid = insured.where(Receipt.id < after), paid.where(Receipt.id < after)
    # Two selects of a page each: one condition over both tables would read every receipt.
    pages = [each.order_by(Receipt.id.desc()).limit(limit).subquery() for each in (insured, paid)]
    mine = (
        select(Receipt, Bill)
        .join(OrderLine, OrderLine.id == Receipt.line_id)
        .join(Bill, Bill.id == OrderLine.bill_id)
        .where(Receipt.id.in_(union_all(*(select(page.c.id) for page in pages))))
    )
    return [
        {
            "id": receipt.id,
            "number": receipt.number,
            "audience": receipt.audience,
            "scheme": bill.scheme,
            "period": bill.period,
            "amount": money(receipt.amount),
            "beneficiary": {"masked_name": beneficiary_name(session, bill)},
            "issued_at": receipt.issued_at,
        }
        for receipt, bill in session.execute(mine.order_by(Receipt.id.desc()).limit(limit))
    ]


def _bill(session: Session, bill: Bill, **known: uuid.UUID | None) -> Shown:
    return {
        "id": bill.id,
        "scheme": bill.scheme,
        "period": bill.period,
        "amount": money(bill.amount),
        "beneficiary": {**known, "masked_name": beneficiary_name(session, bill)},
        "status": status_of(bill),
    }


def _order(order: Order, payer: Shown, attempts: list[Shown]) -> Shown:
    return {
        "id": order.id,
        "number": order.number,
        "status": order.status,
        "amount": money(order.amount),
        "payer": payer,
        "lines": [],
        "attempts": attempts,
        "refunds": [],
        "created_at": order.created_at,
        "expires_at": order.expires_at,
        "paid_at": order.paid_at,
    }


def _line(session: Session, line: OrderLine, bill: Bill) -> Shown:
    return {
        "bill_id": bill.id,
        "scheme": bill.scheme,
        "period": bill.period,
        "beneficiary": {"masked_name": beneficiary_name(session, bill)},
        "amount": money(line.amount),
        "status": LINE_STATUS.get(line.status, line.status),
    }


def _whole() -> Select[Order, OrderLine, Bill, Any]:
    """Every line of the orders with its order, bill and the order's attempts. Made once."""
    names = ("id", "provider", "channel", "status", "out_trade_no")
    columns = PaymentAttempt.__table__.c
    shown = func.jsonb_build_object(*(part for name in names for part in (name, columns[name])))
    attempts = (
        select(func.jsonb_agg(aggregate_order_by(shown, PaymentAttempt.id)))
        .where(PaymentAttempt.order_id == Order.id)
        .scalar_subquery()
    )
    return (
        select(Order, OrderLine, Bill, attempts)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Bill, Bill.id == OrderLine.bill_id)
        .where(Order.id.in_(bindparam("ids", expanding=True)))
        .order_by(OrderLine.id)
        .execution_options(populate_existing=True)
    )


_WHOLE = _whole()
