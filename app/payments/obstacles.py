"""What of somebody's payments is still under way: an account with it cannot be closed."""

import uuid

from sqlalchemy import exists, select

from app.core.db import Session
from app.payments.models import Bill, Booking, Order, OrderLine, PaymentAttempt

#: Orders that end by themselves or by a person's look, and have not yet.
OPEN = ("awaiting_payment", "paid", "held")


def under_way(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> list[str]:
    """Stable codes: `order_open`, `payment_open`, `booking_open`, `mandate_payment_open`."""
    mine = Order.payer_account_id == account_id
    attempts = PaymentAttempt.status.in_(("preparing", "open"))
    lines = select(OrderLine.id).join(Order).where(mine)
    found = {
        "order_open": exists().where(mine, Order.status.in_(OPEN)),
        "payment_open": exists().where(PaymentAttempt.order_id == Order.id, mine, attempts),
        "booking_open": exists().where(Booking.line_id.in_(lines), Booking.status == "pending"),
    }
    if person_id is not None:
        found["mandate_payment_open"] = exists().where(
            Bill.person_id == person_id,
            OrderLine.bill_id == Bill.id,
            OrderLine.basis == "mandate",
            Order.id == OrderLine.order_id,
            Order.status.in_(OPEN),
        )
    flags = session.execute(select(*(each.label(code) for code, each in found.items()))).one()
    return [code for code, there in zip(found, flags, strict=True) if there]
