"""Ending attempts: at the provider first, so that no money can come for what we call ended."""

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta

from sqlalchemy import select

from app.core import clock
from app.core.db import Session, phases
from app.core.types import Actor
from app.payments import orders
from app.payments.errors import PaymentRunning
from app.payments.models import Order, PaymentAttempt
from app.payments.providers.base import PaidAlready, Provider
from app.payments.states import ATTEMPT, move

#: As long as this, another request may still be opening its attempt at the provider.
OPENING = timedelta(seconds=5)


def cancel(
    session: Session, providers: Mapping[str, Provider], actor: Actor, order_id: uuid.UUID
) -> Order | PaymentRunning:
    """The payer gives the order up; an open payment is first ended at its provider.

    Raises `NotFound`, `OrderNotOpen`, `PaymentRunning`, `PartyUnavailable`. Answers `PaymentRunning`
    when the provider says that it has been paid: its confirmation is then asked for at once.
    """

    def open_attempt() -> PaymentAttempt | None:
        order = orders.locked(session, orders.owned(session, actor, order_id).id)
        return living(session, order.id) if order.status == "awaiting_payment" else None

    running = leave(session, providers, open_attempt)
    return running or orders.cancel(session, actor, order_id)


def leave(
    session: Session,
    providers: Mapping[str, Provider],
    choose: Callable[[], PaymentAttempt | None],
) -> PaymentRunning | None:
    """End the chosen living attempt at its provider and then here: no money can come by it.

    Nothing happens when `choose`, which locks its order, answers None.
    """

    def prepare() -> PaymentAttempt | None:
        attempt = choose()
        if attempt is None:
            return None
        if attempt.status == "preparing" and attempt.created_at > clock.now() - OPENING:
            raise PaymentRunning
        return attempt

    def call(other: PaymentAttempt | None) -> bool:
        if other is not None:
            try:
                providers[other.provider].cancel(other.merchant_ref, other.out_trade_no)
            except PaidAlready:
                return False
        return True

    def apply(other: PaymentAttempt | None, gone: bool) -> PaymentRunning | None:
        if other is None:
            return None
        _, attempt = locked(session, other.id)
        if gone:
            end(attempt)
            return None
        attempt.next_query_at = clock.now()
        return PaymentRunning()

    return phases(session, prepare=prepare, call=call, apply=apply)


def end(attempt: PaymentAttempt) -> None:
    """No money can come by this attempt any more. Whoever holds the order's lock calls it."""
    if attempt.status in orders.LIVING_ATTEMPT:
        by = "close" if attempt.status == "open" else "fail"
        attempt.status = move(ATTEMPT, attempt.status, by)
    attempt.next_query_at = None


def locked(session: Session, attempt_id: uuid.UUID) -> tuple[Order, PaymentAttempt]:
    """Order and attempt as they stand now, both rows locked, the order first."""
    both = (
        select(Order, PaymentAttempt)
        .join(PaymentAttempt, PaymentAttempt.order_id == Order.id)
        .where(PaymentAttempt.id == attempt_id)
        .with_for_update(of=[Order, PaymentAttempt])
        .execution_options(populate_existing=True)
    )
    order, attempt = session.execute(both).one()
    return order, attempt


def living(session: Session, order_id: uuid.UUID) -> PaymentAttempt | None:
    """The order's attempt that may still bring money; the database allows one."""
    return session.scalar(
        select(PaymentAttempt).where(
            PaymentAttempt.order_id == order_id,
            PaymentAttempt.status.in_(orders.LIVING_ATTEMPT),
        )
    )
