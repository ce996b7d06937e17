"""Invented orders in bulk, each with a bill, a line and an open attempt; and what the ledger says."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.core import clock, crypto
from app.core.db import unit_of_work
from app.core.ids import new_id
from app.core.keys import KeyRing
from app.core.runtime import Core
from app.payments.bills import DEPARTMENT
from app.payments.ledger import LedgerEntry, LedgerPosting
from app.payments.models import Bill, Order, OrderLine, PaymentAttempt
from benchmarks.people import CHUNK, Citizen, Row, copy_rows, invented_document, phone

#: Fen.
AMOUNT = 40_000
#: Orders wait longer than the product's own, and nobody asks the provider meanwhile, so that a
#: measurement has to do with callbacks alone.
LIFE = timedelta(hours=2)

TABLES = (Bill, Order, OrderLine, PaymentAttempt)


@dataclass(frozen=True)
class Ledger:
    """The whole ledger in three numbers. Fen."""

    payments: int
    debits: int
    credits: int


def add_orders(
    core: Core,
    payers: Sequence[Citizen],
    number: int,
    merchant_ref: str,
    done: Callable[[int], None],
) -> None:
    """Add `number` orders that await payment; `done` is told how many went in."""
    at = clock.now()
    for start in range(0, number, CHUNK):
        some = range(start, min(start + CHUNK, number))
        rows = [
            _rows(core.keys, each, payers[each % len(payers)], merchant_ref, at) for each in some
        ]
        with unit_of_work(core) as session:
            for table, of_table in zip(TABLES, zip(*rows, strict=True), strict=True):
                copy_rows(session, table.__tablename__, of_table)
        done(len(some))


def read_open(core: Core) -> list[str]:
    """Our numbers of all open attempts, in the order in which they were laid down."""
    waiting = select(PaymentAttempt.out_trade_no).where(PaymentAttempt.status == "open")
    with core.session() as session:
        return list(session.scalars(waiting.order_by(PaymentAttempt.id)))


def read_ledger(core: Core) -> Ledger:
    """Count the payments and add up both sides of everything posted."""
    amount = LedgerEntry.amount
    with core.session() as session:
        sides = select(
            func.coalesce(func.sum(amount).filter(amount > 0), 0),
            func.coalesce(-func.sum(amount).filter(amount < 0), 0),
        )
        debits, credited = session.execute(sides).one()
        payments = select(func.count()).where(LedgerPosting.kind == "payment")
        return Ledger(session.scalar(payments) or 0, int(debits), int(credited))


def _rows(
    keys: KeyRing, number: int, payer: Citizen, merchant_ref: str, at: datetime
) -> tuple[Row, ...]:
    """One order's row in each of `TABLES`, in their order."""
    bill, order, attempt = new_id(), new_id(), new_id()
    return (
        _bill(keys, bill, number, at),
        {
            "id": order,
            "number": f"HBBENCH{order.hex}",
            "payer_account_id": payer.account_id,
            "payer_person_id": payer.person_id,
            "amount": AMOUNT,
            "status": "awaiting_payment",
            "held_because": None,
            "created_at": at,
            "expires_at": at + LIFE,
            "paid_at": None,
        },
        {
            "id": new_id(),
            "order_id": order,
            "bill_id": bill,
            "amount": AMOUNT,
            "status": "open",
            "basis": "lookup",
        },
        _attempt(keys, attempt, order, merchant_ref, at),
    )


def _bill(keys: KeyRing, row: uuid.UUID, number: int, at: datetime) -> Row:
    _, document = invented_document(number)
    today = clock.legal_today()
    sealed = {
        f"{column}_sealed": crypto.seal(keys, crypto.Field("bills", f"{column}_sealed", row), plain)
        for column, plain in (
            ("name", "测试"),
            ("document", document),
            ("phone", phone(number)),
        )
    }
    return {
        "id": row,
        "department": DEPARTMENT,
        "department_number": f"YBBENCH{row.hex}",
        "scheme": "resident_medical",
        "period": str(today.year + 1),
        "beneficiary_index": crypto.blind_index(keys, "blind_document", document),
        "person_id": None,
        **sealed,
        "amount": AMOUNT,
        "payable_from": today - timedelta(days=1),
        "payable_until": today + timedelta(days=30),
        "status": "payable",
        "fetched_at": at,
    }


def _attempt(
    keys: KeyRing, row: uuid.UUID, order: uuid.UUID, merchant_ref: str, at: datetime
) -> Row:
    field = crypto.Field("payment_attempts", "client_params_sealed", row)
    return {
        "id": row,
        "order_id": order,
        "provider": "wechatpay",
        "channel": "h5",
        "merchant_ref": merchant_ref,
        "out_trade_no": row.hex,
        "amount": AMOUNT,
        "status": "open",
        "client_params_sealed": crypto.seal(keys, field, '{"h5_url":"https://bench.test/"}'),
        "transaction_id": None,
        "created_at": at,
        "expires_at": at + LIFE,
        "next_query_at": at + LIFE,
        "queries": 0,
    }
