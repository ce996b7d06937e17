"""The ledger: double entry in fen, append-only, every posting sums to zero by the database."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Insert,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    column,
    func,
    insert,
    select,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, Session
from app.core.ids import new_id


class LedgerPosting(Base):
    """One movement of money. `(kind, reference)` makes its effect happen once."""

    __tablename__ = "ledger_postings"
    __table_args__ = (
        UniqueConstraint("kind", "reference"),
        CheckConstraint("kind IN ('payment', 'settlement')", name="kind"),
        Index("ix_ledger_postings_order_id", "order_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: payment: money reached a provider's account of ours. settlement: a department took it over.
    kind: Mapped[str]
    #: The attempt (payment) or the order line (settlement).
    reference: Mapped[uuid.UUID]
    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("orders.id"))
    posted_at: Mapped[datetime] = mapped_column(index=True)


class LedgerEntry(Base):
    """One side of a posting. Positive is debit, negative is credit."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        Index(
            "ix_ledger_entries_owed_to_payers",
            "posting_id",
            postgresql_where=text("account = 'owed:payer'"),
        ),
    )

    posting_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("ledger_postings.id"), primary_key=True
    )
    #: `provider:wechatpay:<merchant_ref>`, `owed:<department>`, `paid_over:<department>`, or
    #: `owed:payer` for money that came when the order could no longer take it.
    account: Mapped[str] = mapped_column(primary_key=True)
    #: Fen.
    amount: Mapped[int] = mapped_column(BigInteger)


def post(
    session: Session,
    kind: str,
    reference: uuid.UUID,
    order_id: uuid.UUID,
    entries: Mapping[str, int],
) -> None:
    """Write one posting with its entries (account → fen, debit positive), in one statement.

    The database refuses a second posting of the same kind and reference, and entries that do not sum
    to zero.
    """
    row = {
        "id": new_id(),
        "kind": kind,
        "reference": reference,
        "order_id": order_id,
        "posted_at": clock.now(),
        "accounts": list(entries),
        "amounts": list(entries.values()),
    }
    session.flush()
    session.connection().execute(_POST, row)


def _statement() -> Insert:
    """Made once: building a statement costs more than sending it."""
    names = ("id", "kind", "reference", "order_id", "posted_at")
    posting = (
        insert(cast(Table, LedgerPosting.__table__))
        .values({name: bindparam(name) for name in names})
        .returning(LedgerPosting.id)
        .cte("posting")
    )
    sides = (
        func.unnest(
            bindparam("accounts", type_=ARRAY(String)),
            bindparam("amounts", type_=ARRAY(BigInteger)),
        )
        .table_valued(column("account", String), column("amount", BigInteger), name="sides")
        .render_derived()
    )
    rows = select(posting.c.id, sides.c.account, sides.c.amount).select_from(
        posting.join(sides, true())
    )
    of_table = insert(cast(Table, LedgerEntry.__table__))
    return of_table.from_select(["posting_id", "account", "amount"], rows)


_POST = _statement()
