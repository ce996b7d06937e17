"""Orders with an open payment, and what must hold of them whatever happens."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, text

from app.core import clock, crypto
from app.core.db import Session, unit_of_work
from app.core.ids import new_id
from app.core.runtime import Core
from app.payments.ledger import LedgerEntry, LedgerPosting
from app.payments.models import Bill, Booking, Order, OrderLine, PaymentAttempt, ProviderEvent

AMOUNT = 40_000


@dataclass(frozen=True)
class Placed:
    """An order that awaits its payment, and its attempt."""

    order_id: uuid.UUID
    attempt_id: uuid.UUID
    out_trade_no: str
    amount: int


def place(core: Core, person: Any, *, lines: int = 1, ref: str = "medical", **kept: Any) -> Placed:
    """One order of `lines` bills with an open attempt. `kept` changes the attempt's columns."""
    now = clock.now()
    ends = now + timedelta(minutes=30)
    order_id, attempt_id = new_id(), new_id()
    with unit_of_work(core) as session:
        order = Order(
            id=order_id,
            number=f"HBTEST{order_id.hex}",
            payer_account_id=person.actor.account,
            payer_person_id=person.actor.person,
            amount=AMOUNT * lines,
            status="awaiting_payment",
            held_because=None,
            created_at=now,
            expires_at=ends,
            paid_at=None,
        )
        session.add(order)
        session.flush()
        for _ in range(lines):
            _add_line(session, order)
        attempt = {
            "id": attempt_id,
            "order_id": order_id,
            "provider": "wechatpay",
            "channel": "h5",
            "merchant_ref": ref,
            "out_trade_no": attempt_id.hex,
            "amount": AMOUNT * lines,
            "status": "open",
            "client_params_sealed": None,
            "transaction_id": None,
            "created_at": now,
            "expires_at": ends,
            "next_query_at": now + timedelta(seconds=30),
            "queries": 0,
        }
        session.add(PaymentAttempt(**(attempt | kept)))
    return Placed(order_id, attempt_id, attempt_id.hex, AMOUNT * lines)


def _add_line(session: Session, order: Order) -> None:
    today = clock.legal_today()
    bill_id = new_id()
    name = crypto.Field("bills", "name_sealed", bill_id)
    bill = Bill(
        id=bill_id,
        department="medical_insurance",
        department_number=f"YBTEST{new_id().hex}",
        scheme="resident_medical",
        period="2027",
        beneficiary_index=os.urandom(32),
        person_id=None,
        name_sealed=crypto.seal(session.core.keys, name, "参保人"),
        document_sealed=b"sealed",
        phone_sealed=None,
        amount=AMOUNT,
        payable_from=today - timedelta(days=1),
        payable_until=today + timedelta(days=30),
        status="payable",
        fetched_at=clock.now(),
    )
    session.add(bill)
    session.flush()
    line = {"id": new_id(), "order_id": order.id, "bill_id": bill.id, "amount": AMOUNT}
    session.add(OrderLine(**line, status="open", basis="lookup"))
    session.flush()


@dataclass(frozen=True)
class Facts:
    """What is stored about one order."""

    order: str
    held_because: str | None
    lines: set[str]
    attempts: list[str]
    bookings: int
    payments: int
    settlements: int
    jobs: int
    events: list[tuple[str, str | None]]


def facts(core: Core, placed: Placed) -> Facts:
    """Read everything that a payment may change."""
    with unit_of_work(core) as session:
        order = session.get_one(Order, placed.order_id, populate_existing=True)
        lines = session.scalars(
            select(OrderLine)
            .where(OrderLine.order_id == placed.order_id)
            .execution_options(populate_existing=True)
        ).all()
        ids = [line.id for line in lines]
        kinds = session.scalars(
            select(LedgerPosting.kind).where(LedgerPosting.order_id == placed.order_id)
        ).all()
        return Facts(
            order=order.status,
            held_because=order.held_because,
            lines={line.status for line in lines},
            attempts=list(
                session.scalars(
                    select(PaymentAttempt.status)
                    .where(PaymentAttempt.order_id == placed.order_id)
                    .order_by(PaymentAttempt.id)
                )
            ),
            bookings=session.scalar(select(func.count()).where(Booking.line_id.in_(ids))) or 0,
            payments=kinds.count("payment"),
            settlements=kinds.count("settlement"),
            jobs=len(jobs_for(session, [str(each) for each in ids])),
            events=[
                (event.outcome, event.because)
                for event in session.scalars(
                    select(ProviderEvent)
                    .where(ProviderEvent.attempt_id == placed.attempt_id)
                    .order_by(ProviderEvent.id)
                )
            ],
        )


def jobs_for(session: Session, line_ids: list[str]) -> list[Any]:
    """Jobs that tell a department of one of these lines."""
    statement = text(
        "SELECT id FROM procrastinate_jobs WHERE task_name = 'payments.book_line'"
        " AND args->>'line_id' = ANY(:ids)"
    )
    return list(session.scalars(statement, {"ids": line_ids}))


def balance(core: Core) -> tuple[int, int, int]:
    """Number of postings, sum of debits, sum of credits over the whole ledger."""
    with unit_of_work(core) as session:
        debits = select(func.coalesce(func.sum(LedgerEntry.amount), 0))
        return (
            session.scalar(select(func.count()).select_from(LedgerPosting)) or 0,
            int(session.scalar(debits.where(LedgerEntry.amount > 0)) or 0),
            -int(session.scalar(debits.where(LedgerEntry.amount < 0)) or 0),
        )


def untouched(found: Facts) -> bool:
    """Whether nothing has happened to the order at all."""
    return found == Facts(
        order="awaiting_payment",
        held_because=None,
        lines={"open"},
        attempts=["open"],
        bookings=0,
        payments=0,
        settlements=0,
        jobs=0,
        events=[],
    )
