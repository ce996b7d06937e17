"""Money that a provider confirms: decided under the order's lock, with one effect for each payment.

Callbacks and the answers to our own queries come the same way. A message is stored together with its
effect; its unique id, the attempt's state and the unique posting each stop a second effect.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import Select, Table, bindparam, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from app.core import clock, crypto, events, jobs
from app.core.db import Session
from app.core.ids import new_id
from app.family import uses
from app.payments import booking, ledger, orders
from app.payments.events import OrderPaid
from app.payments.models import Bill, Order, OrderLine, PaymentAttempt, ProviderEvent
from app.payments.providers.base import Message, Payment
from app.payments.states import ATTEMPT, MoveRefused, move

CURRENCY = "CNY"
Outcome = Literal["applied", "repeated", "mismatch", "late", "ignored"]


@dataclass(frozen=True)
class Judgement:
    """What a message means for us."""

    outcome: Outcome
    #: For `mismatch` and `late`: a stable code of what does not fit.
    because: str | None = None
    #: The very same event came before; this is what was found then.
    again: bool = False


@dataclass(frozen=True)
class Known:
    """The attempt a message speaks of, and its order, as they stand under their locks."""

    order: Order
    attempt: PaymentAttempt
    #: Line, amount in fen and department.
    lines: Sequence[tuple[uuid.UUID, int, str]]
    #: Another attempt carries the message's transaction already.
    transaction_taken: bool


def apply_payment(session: Session, message: Message) -> Judgement:
    """Store a verified message once and give it its effect; a repeated one gets its first judgement.

    Locks the order, then the attempt. Nothing counts before the caller has committed.
    """
    payment = message.payment
    if payment is None or payment.state not in ("paid", "other"):
        return _remember(session, message, None, Judgement("ignored"))
    known = _locked(session, message, payment)
    judged = _remember(session, message, known, judge(message, payment, known))
    if judged.again or known is None:
        return judged
    if judged.outcome == "mismatch":
        hold(session, known.order, judged.because or "mismatch")
    elif judged.outcome in ("applied", "late"):
        _take_money(session, message, known, judged)
    return judged


def judge(message: Message, payment: Payment, known: Known | None) -> Judgement:
    """Compare a confirmed payment with what we asked for. Pure."""
    if known is None:
        return Judgement("mismatch", "order")
    order, attempt = known.order, known.attempt
    foreign = payment.foreign == "merchant" or attempt.merchant_ref != message.merchant_ref
    if payment.state == "other":
        return Judgement("mismatch", "merchant" if foreign else "provider_state")
    misfits = {
        "merchant": foreign,
        "app": payment.foreign == "app",
        "amount": payment.amount != attempt.amount,
        "currency": payment.currency != CURRENCY,
        "transaction": known.transaction_taken
        or attempt.transaction_id not in (None, payment.transaction_id),
    }
    for fact, differs in misfits.items():
        if differs:
            return Judgement("mismatch", fact)
    if attempt.status == "paid":
        return Judgement("repeated")
    if order.status == "awaiting_payment":
        return Judgement("applied")
    late = {"closed": "paid_after_close", "held": "paid_while_held"}
    return Judgement("late", late.get(order.status, "paid_twice"))


def hold(session: Session, order: Order, because: str) -> None:
    """Hold the order for a person to look, unless it is held or settled already.

    That money has gone back outweighs why it was held before.
    """
    try:
        orders.hold(session, order, because)
    except MoveRefused:
        if order.status == "held" and because == booking.GIVEN_BACK:
            order.held_because = because


def _locked(session: Session, message: Message, payment: Payment) -> Known | None:
    """Lock order and attempt, in this order, and read what else the judgement needs."""
    facts = {
        "of_provider": message.provider,
        "of_merchant": message.merchant_ref,
        "transaction": payment.transaction_id,
        "number": payment.out_trade_no,
    }
    rows = session.execute(_LOCK, facts).all()
    if not rows:
        return None
    order, attempt = rows[0][0], rows[0][1]
    return Known(order, attempt, [(row[2], row[3], row[4]) for row in rows], rows[0][5])


def _remember(
    session: Session, message: Message, known: Known | None, judged: Judgement
) -> Judgement:
    """Store the message with this judgement, unless it is stored already: that one stands."""
    row_id = new_id()
    field = crypto.Field("provider_events", "body_sealed", row_id)
    row = {
        "id": row_id,
        "provider": message.provider,
        "merchant_ref": message.merchant_ref,
        "event_id": message.event_id,
        "kind": message.kind,
        "attempt_id": known.attempt.id if known else None,
        "outcome": judged.outcome,
        "because": judged.because,
        "body_sealed": crypto.seal(session.core.keys, field, message.body),
        "received_at": clock.now(),
    }
    if session.connection().execute(_STORE, row).first() is not None:
        return judged
    before = select(ProviderEvent.outcome, ProviderEvent.because).where(
        ProviderEvent.provider == message.provider,
        ProviderEvent.merchant_ref == message.merchant_ref,
        ProviderEvent.event_id == message.event_id,
    )
    outcome, because = session.execute(before).one()
    return Judgement(cast(Outcome, outcome), because, again=True)


def _take_money(session: Session, message: Message, known: Known, judged: Judgement) -> None:
    order, attempt = known.order, known.attempt
    payment = message.payment
    if attempt.status not in orders.LIVING_ATTEMPT:
        _ask_about_the_living(session, order)
    attempt.status = move(ATTEMPT, attempt.status, "pay")
    attempt.transaction_id = payment.transaction_id if payment else None
    attempt.next_query_at = None
    entries: dict[str, int] = defaultdict(int)
    entries[f"provider:{attempt.provider}:{attempt.merchant_ref}"] = attempt.amount
    if judged.outcome == "late":
        # The bills may stand in another order by now, so the money is the payer's again.
        entries["owed:payer"] = -attempt.amount
        if order.status == "closed":
            hold(session, order, judged.because or "late")
        ledger.post(session, "payment", attempt.id, order.id, entries)
        return
    for _, amount, department in known.lines:
        entries[f"owed:{department}"] -= amount
    orders.mark_paid(session, order, attempt.id)
    uses.record_paid(session, order.id)
    ledger.post(session, "payment", attempt.id, order.id, entries)
    events.record(session, OrderPaid(order_id=str(order.id)))
    for line_id, _, _ in known.lines:
        jobs.defer(session, booking.TASK, queue=booking.QUEUE, line_id=str(line_id))


def _ask_about_the_living(session: Session, order: Order) -> None:
    """An attempt that had ended was paid; one that lives can still be: ask now, not in its turn."""
    living = update(PaymentAttempt).where(
        PaymentAttempt.order_id == order.id, PaymentAttempt.status.in_(orders.LIVING_ATTEMPT)
    )
    session.execute(living.values(next_query_at=clock.now()))


def _lock_statement() -> Select[Order, PaymentAttempt, uuid.UUID, int, str, bool]:
    other = aliased(PaymentAttempt)
    taken = exists().where(
        other.provider == bindparam("of_provider"),
        other.merchant_ref == bindparam("of_merchant"),
        other.transaction_id == bindparam("transaction"),
        other.id != PaymentAttempt.id,
    )
    return (
        select(Order, PaymentAttempt, OrderLine.id, OrderLine.amount, Bill.department, taken)
        .join(PaymentAttempt, PaymentAttempt.order_id == Order.id)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Bill, Bill.id == OrderLine.bill_id)
        .where(
            PaymentAttempt.provider == bindparam("of_provider"),
            PaymentAttempt.out_trade_no == bindparam("number"),
        )
        .with_for_update(of=[Order, PaymentAttempt])
        .execution_options(populate_existing=True)
    )


#: Made once: building a statement costs more than sending it.
_LOCK = _lock_statement()
_STORE = (
    insert(cast(Table, ProviderEvent.__table__))
    .on_conflict_do_nothing(index_elements=["provider", "merchant_ref", "event_id"])
    .returning(ProviderEvent.id)
)
