"""Text messages to people without an account, whose payment somebody else has made.

A text is claimed before it is sent, under its row's lock and committed, so that two workers never
send it both. Whether a worker that died had sent it is not known: when its claim ends, the text is
claimed again. The gateway knows no repetition by itself, so the claims are what bounds it: `TRIES` at
most, each four times as long as the one before.
"""

import uuid
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert

from app.core import clock
from app.core.db import Session
from app.core.ids import new_id
from app.core.jobs import defer
from app.identity.models import Account, Person
from app.identity.queries import masked_name
from app.payments.bills import phone_of
from app.payments.events import LineSettled
from app.payments.models import Bill, Booking, Order, OrderLine
from push import rulebook
from push.models import PushText
from push.rules import Rule

SEND_TASK = "push.send_text"
QUEUE = "sms"
#: Claims of one text; they last 20 s, then four times as long each, 5.7 hours at last. The first is
#: already longer than the gateway may take to answer.
TRIES = 6
FIRST_CLAIM = timedelta(seconds=20)
#: A text older than this is no news any more.
STALE = timedelta(days=1)


def request(session: Session, line_id: uuid.UUID) -> None:
    """Have the insured of a settled line told by SMS, once, if no inbox of theirs can tell them."""
    for rule in rulebook.in_force(clock.legal_today()):
        if LineSettled.NAME in rule.events and _is_needed(session, line_id):
            now = clock.now()
            row = insert(PushText).values(
                id=new_id(), rule=rule.id, line_id=line_id, created_at=now, tries=0, next_try_at=now
            )
            once = row.on_conflict_do_nothing(index_elements=["rule", "line_id"])
            text_id = session.scalar(once.returning(PushText.id))
            if text_id is not None:
                defer(session, SEND_TASK, queue=QUEUE, text_id=str(text_id))


def unsent(session: Session, limit: int) -> list[uuid.UUID]:
    """Texts that may be claimed: any, so that those that fail each time keep no others out."""
    waiting = select(PushText.id).where(*_claimable()).order_by(func.random()).limit(limit)
    return list(session.scalars(waiting))


def claim(session: Session, text_id: uuid.UUID) -> tuple[str, list[str]] | None:
    """Phone and values of a text that is now the caller's to send; it commits before it sends.

    None when the text is sent, given up, or another worker's.
    """
    mine = select(PushText).where(PushText.id == text_id, *_claimable()).with_for_update()
    row = session.scalar(mine)
    if row is None:
        return None
    row.next_try_at = clock.now() + FIRST_CLAIM * 4**row.tries
    row.tries += 1
    return _message(session, text_id)


def _claimable() -> tuple[ColumnElement[bool], ...]:
    now = clock.now()
    return (
        PushText.sent_at.is_(None),
        PushText.tries < TRIES,
        PushText.next_try_at <= now,
        PushText.created_at > now - STALE,
    )


def _message(session: Session, text_id: uuid.UUID) -> tuple[str, list[str]] | None:
    found = session.execute(
        select(PushText, OrderLine, Order, Bill, Booking.reference)
        .join(OrderLine, OrderLine.id == PushText.line_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Bill, Bill.id == OrderLine.bill_id)
        .outerjoin(Booking, Booking.line_id == OrderLine.id)
        .where(PushText.id == text_id)
    ).one_or_none()
    if found is None:
        return None
    _, line, order, bill, reference = found
    phone = phone_of(session, bill)
    if phone is None:
        return None
    paid_at = (order.paid_at or clock.now()).astimezone(clock.SHANGHAI)
    return phone, [
        masked_name(session, order.payer_person_id),
        f"{paid_at.month}月{paid_at.day}日",
        f"{bill.period}年度{_called(bill.scheme)}",
        f"{line.amount // 100}.{line.amount % 100:02d}",
        reference or "-",
    ]


def mark_sent(session: Session, text_id: uuid.UUID) -> None:
    """The gateway has it."""
    session.get_one(PushText, text_id).sent_at = clock.now()


def _is_needed(session: Session, line_id: uuid.UUID) -> bool:
    """Whether the line is settled, we know a phone, and the insured has no account."""
    insured = select(Account.id).join(Person, Person.id == Account.person_id)
    has_account = insured.where(
        (Person.id == Bill.person_id) | (Person.document_index == Bill.beneficiary_index)
    ).exists()
    needed = (
        select(OrderLine.id)
        .join(Bill, Bill.id == OrderLine.bill_id)
        .where(
            OrderLine.id == line_id,
            OrderLine.status == "settled",
            Bill.phone_sealed.is_not(None),
            ~has_account,
        )
    )
    return session.scalar(needed) is not None


def _called(scheme: str) -> str:
    """The scheme in words, as the rule of the day calls it."""
    rules: list[Rule] = rulebook.in_force(clock.legal_today())
    called = next(each.vocabulary["scheme"] for each in rules if LineSettled.NAME in each.events)
    return called.get(scheme, called["*"])["zh"]
