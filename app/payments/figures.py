"""Figures for those who watch: postings, receipts, whether the books balance, what waits."""

from datetime import timedelta

from sqlalchemy import func, literal_column, select

from app.core import clock
from app.core.db import Session
from app.core.metrics import Figure
from app.payments.ledger import LedgerEntry, LedgerPosting
from app.payments.models import Order, Receipt

WINDOW = timedelta(hours=1)


def read(session: Session) -> list[Figure]:
    """All of them. Debits minus credits must be zero; what waits counts from the beginning."""
    return [*_of_the_last_hour(session), *_waiting(session)]


def _of_the_last_hour(session: Session) -> list[Figure]:
    since = clock.now() - WINDOW
    postings = (
        select(LedgerPosting.kind, func.count())
        .where(LedgerPosting.posted_at > since)
        .group_by(LedgerPosting.kind)
    )
    receipts = (
        select(Receipt.audience, func.count())
        .where(Receipt.issued_at > since)
        .group_by(Receipt.audience)
    )
    difference = (
        select(func.coalesce(func.sum(LedgerEntry.amount), 0))
        .join(LedgerPosting, LedgerPosting.id == LedgerEntry.posting_id)
        .where(LedgerPosting.posted_at > since)
    )
    return [
        *(
            Figure("huiban_ledger_postings_last_hour", "Postings", count, {"kind": kind})
            for kind, count in session.execute(postings)
        ),
        *(
            Figure("huiban_receipts_last_hour", "Receipts", count, {"audience": audience})
            for audience, count in session.execute(receipts)
        ),
        Figure(
            "huiban_ledger_difference_fen_last_hour",
            "Debits minus credits, fen; anything but 0 is an alarm",
            int(session.scalar(difference) or 0),
        ),
    ]


def _waiting(session: Session) -> list[Figure]:
    # Written out, so that PostgreSQL sees that its partial indexes hold just these rows.
    owed = select(func.sum(LedgerEntry.amount)).where(
        LedgerEntry.account == literal_column("'owed:payer'")
    )
    held = (
        select(Order.held_because, func.count())
        .where(Order.status == literal_column("'held'"))
        .group_by(Order.held_because)
    )
    return [
        Figure(
            "huiban_owed_to_payers_fen",
            "Money that came late or twice and waits to go back, fen",
            -int(session.scalar(owed) or 0),
        ),
        *(
            Figure(
                "huiban_orders_held", "Orders that wait for a person", count, {"because": str(why)}
            )
            for why, count in session.execute(held)
        ),
    ]
