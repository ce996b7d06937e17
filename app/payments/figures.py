"""Figures of the last hour for those who watch: postings, receipts, and whether the books balance."""

from datetime import timedelta

from sqlalchemy import func, select

from app.core import clock
from app.core.db import Session
from app.core.metrics import Figure
from app.payments.ledger import LedgerEntry, LedgerPosting
from app.payments.models import Receipt

WINDOW = timedelta(hours=1)


def last_hour(session: Session) -> list[Figure]:
    """Postings by kind, receipts by audience, and debits minus credits, which must be zero."""
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
