"""What payments know of somebody."""

import uuid
from typing import Any

from sqlalchemy import delete, select

from app.core.db import Session
from app.payments.models import Bill, BillGrant, LookupNotice, Order, OrderLine, Receipt
from app.privacy.parts import Kept, Part, Section


def export(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> list[Section]:
    """My bills, orders and receipts. Whose bill I paid for another is told by its period alone."""
    return [
        Section("bills", "应缴费用", "Bills", _bills(session, person_id)),
        Section("orders", "订单", "Orders", _orders(session, account_id)),
        Section("receipts", "缴费凭证", "Receipts", _receipts(session, person_id)),
    ]


def erase(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> tuple[Kept, ...]:
    """Only what lets somebody pay; books and receipts must stay."""
    session.execute(delete(BillGrant).where(BillGrant.account_id == account_id))
    return (
        Kept(
            "订单、支付与凭证保存三十年",
            "Orders, payments and receipts, for thirty years",
            "会计档案管理办法 第14条",
        ),
    )


def _bills(session: Session, person_id: uuid.UUID | None) -> list[dict[str, Any]]:
    if person_id is None:
        return []
    columns = (Bill.scheme, Bill.period, Bill.amount, Bill.status)
    mine = select(*columns, Bill.payable_from, Bill.payable_until)
    return _rows(session, mine.where(Bill.person_id == person_id).order_by(Bill.id))


def _orders(session: Session, account_id: uuid.UUID) -> list[dict[str, Any]]:
    mine = (
        select(
            Order.number,
            Order.created_at,
            Order.paid_at,
            Order.status,
            Bill.scheme,
            Bill.period,
            OrderLine.amount,
            OrderLine.basis,
        )
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(Bill, Bill.id == OrderLine.bill_id)
        .where(Order.payer_account_id == account_id)
    )
    return _rows(session, mine.order_by(Order.id, OrderLine.id))


def _receipts(session: Session, person_id: uuid.UUID | None) -> list[dict[str, Any]]:
    if person_id is None:
        return []
    mine = select(Receipt.number, Receipt.audience, Receipt.amount, Receipt.issued_at)
    return _rows(session, mine.where(Receipt.person_id == person_id).order_by(Receipt.id))


def _rows(session: Session, query: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(query).mappings()]


part = Part(
    name="payments",
    tables=frozenset(
        table.__tablename__ for table in (Bill, BillGrant, LookupNotice, Order, OrderLine, Receipt)
    ),
    export=export,
    erase=erase,
)
