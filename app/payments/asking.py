"""Asking the provider ourselves, for attempts whose callback did not come.

The call itself is made by a job, between two of these functions.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select

from app.core import clock
from app.core.db import Session
from app.payments import attempts, ending, orders, settling
from app.payments.models import Order, PaymentAttempt
from app.payments.providers.base import Message, Payment

log = structlog.get_logger()

#: Attempts claimed together.
BATCH = 20
#: After this time another run asks again, should this one have died.
LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class Due:
    """An attempt to ask about."""

    attempt_id: uuid.UUID
    provider: str
    merchant_ref: str
    out_trade_no: str


def claim(session: Session) -> list[Due]:
    """Take up to `BATCH` attempts that are due, so that no other run asks about them meanwhile."""
    now = clock.now()
    oldest = (
        select(PaymentAttempt)
        .where(PaymentAttempt.next_query_at <= now)
        .order_by(PaymentAttempt.next_query_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    claimed = session.scalars(oldest).all()
    for each in claimed:
        each.next_query_at = now + LEASE
    session.flush()
    return [Due(each.id, each.provider, each.merchant_ref, each.out_trade_no) for each in claimed]


def take_answer(session: Session, attempt_id: uuid.UUID, message: Message) -> bool:
    """Act on what the provider says. True: the attempt should now be cancelled at the provider."""
    payment = message.payment
    if payment is None:
        raise ValueError("an answer to our own query speaks of no payment")
    if payment.state in ("paid", "other"):
        settling.apply_payment(session, message)
        # Paid, or given back without us; whether it fits or a person must look: no more can come by it.
        ending.end(ending.locked(session, attempt_id)[1])
        return False
    order, attempt = ending.locked(session, attempt_id)
    if attempt.status == "paid":
        return False
    attempt.queries += 1
    if payment.state == "ended":
        finish(session, attempt_id)
        return False
    return _still_unpaid(order, attempt, payment)


def finish(session: Session, attempt_id: uuid.UUID) -> None:
    """The provider will take no money for this attempt: the order may close when its time is over."""
    order, attempt = ending.locked(session, attempt_id)
    if attempt.status != "paid":
        ending.end(attempt)
        session.flush()
        orders.close_if_free(session, order.id)


def _still_unpaid(order: Order, attempt: PaymentAttempt, payment: Payment) -> bool:
    over = attempt.expires_at <= clock.now() or order.status != "awaiting_payment"
    if not over:
        attempts.schedule(attempt)
        return False
    log.info("attempt_not_paid_in_time", party=attempt.provider, outcome=payment.state)
    return True
