"""Attempts: one go at one provider to get an order paid.

A living attempt is unique in the database. It is stored before the provider is asked, so whatever
the provider may know of has a row here; the same request repeated is the same payment there.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select

from app.core import clock, crypto
from app.core.db import Session, phases
from app.core.errors import DomainError
from app.core.ids import new_id
from app.core.types import Actor
from app.identity.queries import openid_of
from app.payments import ending, orders
from app.payments.errors import (
    PaymentNotOpened,
    PaymentRunning,
    WechatLinkRequired,
)
from app.payments.models import Bill, Order, OrderLine, PaymentAttempt
from app.payments.payable import payable_order
from app.payments.providers.base import (
    Channel,
    Opened,
    Opening,
    OpeningRefused,
    PaidAlready,
    Provider,
)
from app.payments.states import ATTEMPT, move

log = structlog.get_logger()

#: Pauses before we ask the provider ourselves: 30 s, 2, 10 and 30 minutes after the opening.
PAUSES = tuple(timedelta(seconds=each) for each in (30, 90, 480, 1_200))


@dataclass(frozen=True)
class Wish:
    """How the payer wants to pay, and from which network address."""

    provider: str
    channel: Channel
    address: str


@dataclass(frozen=True)
class Started:
    """An open attempt, and what the client needs to go on."""

    attempt_id: uuid.UUID
    out_trade_no: str
    client_params: dict[str, Any]


@dataclass(frozen=True)
class _Plan:
    """What `start` has prepared: something to be asked, or a known answer."""

    attempt_id: uuid.UUID
    opening: Opening | None
    known: Started | None


def start(
    session: Session,
    providers: Mapping[str, Provider],
    actor: Actor,
    order_id: uuid.UUID,
    wish: Wish,
) -> Started | DomainError:
    """Open a payment of the actor's order; a repeat while it is open returns the same attempt.

    Raises `NotFound`, `OrderNotOpen`, `BillChanged`, `MandateOver`, `WechatLinkRequired`,
    `PaymentRunning` when another way is being opened at this moment, and `PartyUnavailable` (the
    attempt stays and the same request may be sent again). Answers `PaymentNotOpened` or
    `PaymentRunning` where that has changed the attempt.
    """
    provider = providers[wish.provider]

    def by_another_way() -> PaymentAttempt | None:
        order = payable_order(session, actor, order_id)
        living = ending.living(session, order.id)
        if living is None or _goes(living, wish):
            return None
        # Nothing is ended for a way that the payer cannot go.
        _openid(session, order, wish)
        return living

    running = ending.leave(session, providers, by_another_way)
    if running is not None:
        return running
    return phases(
        session,
        prepare=lambda: _prepare(session, provider, payable_order(session, actor, order_id), wish),
        call=lambda plan: _open(provider, plan),
        apply=lambda plan, answer: _apply(session, plan, answer),
    )


def schedule(attempt: PaymentAttempt) -> None:
    """Set when to ask next: after the pause due, but as soon as the payer's time is over."""
    now = clock.now()
    due = now + PAUSES[min(attempt.queries, len(PAUSES) - 1)]
    if now < attempt.expires_at:
        due = min(due, attempt.expires_at)
    attempt.next_query_at = due


def _prepare(session: Session, provider: Provider, order: Order, wish: Wish) -> _Plan:
    attempt = ending.living(session, order.id)
    if attempt is None:
        attempt = _new(session, provider, order, wish)
    elif not _goes(attempt, wish):
        # Begun by another request since we looked: what it opens is not what this one asked for.
        raise PaymentRunning
    kept = _kept(session, attempt)
    if kept["params"] is not None and datetime.fromisoformat(kept["good_until"]) > clock.now():
        known = Started(attempt.id, attempt.out_trade_no, kept["params"])
        return _Plan(attempt.id, None, known)
    opening = Opening(
        channel=wish.channel,
        merchant_ref=attempt.merchant_ref,
        out_trade_no=attempt.out_trade_no,
        amount=attempt.amount,
        description=f"汇办缴费 {order.number}",
        expires_at=attempt.expires_at,
        openid=kept["openid"],
        address=kept["address"],
    )
    return _Plan(attempt.id, opening, None)


def _goes(attempt: PaymentAttempt, wish: Wish) -> bool:
    """Whether the attempt goes the way the payer wishes."""
    return (attempt.provider, attempt.channel) == (wish.provider, wish.channel)


def _open(provider: Provider, plan: _Plan) -> Opened | OpeningRefused | PaidAlready | None:
    if plan.opening is None:
        return None
    try:
        return provider.open(plan.opening)
    except (OpeningRefused, PaidAlready) as refused:
        return refused


def _apply(
    session: Session, plan: _Plan, answer: Opened | OpeningRefused | PaidAlready | None
) -> Started | DomainError:
    if plan.known is not None:
        return plan.known
    order, attempt = ending.locked(session, plan.attempt_id)
    if isinstance(answer, Opened):
        if order.status == "awaiting_payment" and attempt.status in orders.LIVING_ATTEMPT:
            return _opened(session, attempt, answer)
        # Meanwhile another way was chosen or the order ended: hand nothing out, and keep asking.
        attempt.next_query_at = clock.now()
        return PaymentNotOpened()
    if isinstance(answer, PaidAlready):
        attempt.next_query_at = clock.now()
        return PaymentRunning()
    if attempt.status == "preparing":
        # A later request makes a new attempt. This one is still asked about until its time is over.
        attempt.status = move(ATTEMPT, attempt.status, "fail")
    elif attempt.status == "open":
        # Opened before and refused when asked for anew: it may have ended there.
        attempt.next_query_at = clock.now()
    code = answer.code if answer is not None else None
    log.warning("payment_not_opened", party=attempt.provider, code=code)
    return PaymentNotOpened()


def _opened(session: Session, attempt: PaymentAttempt, answer: Opened) -> Started:
    if attempt.status == "preparing":
        attempt.status = move(ATTEMPT, attempt.status, "open")
        schedule(attempt)
    kept = _kept(session, attempt)
    kept |= {"params": answer.client_params, "good_until": answer.good_until.isoformat()}
    _keep(session, attempt, kept)
    return Started(attempt.id, attempt.out_trade_no, answer.client_params)


def _new(session: Session, provider: Provider, order: Order, wish: Wish) -> PaymentAttempt:
    openid = _openid(session, order, wish)
    department = session.scalars(
        select(Bill.department)
        .join(OrderLine, OrderLine.bill_id == Bill.id)
        .where(OrderLine.order_id == order.id)
        .order_by(OrderLine.id)
        .limit(1)
    ).one()
    attempt_id = new_id()
    attempt = PaymentAttempt(
        id=attempt_id,
        order_id=order.id,
        provider=wish.provider,
        channel=wish.channel,
        merchant_ref=provider.merchant_for(department),
        out_trade_no=attempt_id.hex,
        amount=order.amount,
        status="preparing",
        client_params_sealed=None,
        transaction_id=None,
        created_at=clock.now(),
        expires_at=order.expires_at,
        next_query_at=None,
        queries=0,
    )
    schedule(attempt)
    _keep(session, attempt, {"openid": openid, "address": wish.address, "params": None})
    session.add(attempt)
    session.flush()
    return attempt


def _openid(session: Session, order: Order, wish: Wish) -> str | None:
    """The payer at WeChat, where the channel needs it. Raises `WechatLinkRequired`."""
    if wish.channel != "miniprogram":
        return None
    openid = openid_of(session, order.payer_account_id)
    if openid is None:
        raise WechatLinkRequired
    return openid


def _kept(session: Session, attempt: PaymentAttempt) -> dict[str, Any]:
    """What we asked with, to ask alike again, and the answer the client is given."""
    sealed = attempt.client_params_sealed or b""
    kept: dict[str, Any] = json.loads(crypto.unseal(session.core.keys, _field(attempt), sealed))
    return kept


def _keep(session: Session, attempt: PaymentAttempt, kept: dict[str, Any]) -> None:
    attempt.client_params_sealed = crypto.seal(session.core.keys, _field(attempt), json.dumps(kept))


def _field(attempt: PaymentAttempt) -> crypto.Field:
    return crypto.Field("payment_attempts", "client_params_sealed", attempt.id)
