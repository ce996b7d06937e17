"""Bills and orders as a payer is shown them: the insured person only by masked name."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_, union_all

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
    """Orders of one payer, with lines and attempts."""
    ids = [order.id for order in orders]
    lines, attempts = _lines(session, ids), _attempts(session, ids)
    names = {
        person_id: masked_name(session, person_id)
        for person_id in {order.payer_person_id for order in orders}
    }
    return [
        {
            "id": order.id,
            "number": order.number,
            "status": order.status,
            "amount": money(order.amount),
            "payer": {"masked_name": names[order.payer_person_id]},
            "lines": lines[order.id],
            "attempts": attempts[order.id],
            "refunds": [],
            "created_at": order.created_at,
            "expires_at": order.expires_at,
            "paid_at": order.paid_at,
        }
        for order in orders
    ]


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


def _lines(session: Session, order_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Shown]]:
    theirs = (
        select(OrderLine, Bill)
        .join(Bill, Bill.id == OrderLine.bill_id)
        .where(OrderLine.order_id.in_(order_ids))
        .order_by(OrderLine.id)
    )
    found: dict[uuid.UUID, list[Shown]] = defaultdict(list)
    for line, bill in session.execute(theirs):
        found[line.order_id].append(
            {
                "bill_id": bill.id,
                "beneficiary": {"masked_name": beneficiary_name(session, bill)},
                "amount": money(line.amount),
                "status": LINE_STATUS.get(line.status, line.status),
            }
        )
    return found


def _attempts(session: Session, order_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Shown]]:
    theirs = (
        select(PaymentAttempt)
        .where(PaymentAttempt.order_id.in_(order_ids))
        .order_by(PaymentAttempt.id)
    )
    found: dict[uuid.UUID, list[Shown]] = defaultdict(list)
    for attempt in session.scalars(theirs):
        found[attempt.order_id].append(
            {
                "id": attempt.id,
                "provider": attempt.provider,
                "channel": attempt.channel,
                "status": attempt.status,
                "out_trade_no": attempt.out_trade_no,
            }
        )
    return found
