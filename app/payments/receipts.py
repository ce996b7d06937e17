"""Receipts (缴费凭证): one for the payer and one for the insured person, of each settled line."""

import secrets
from datetime import datetime

from app.core import clock
from app.core.db import Session
from app.core.ids import new_id
from app.payments.models import Bill, Order, OrderLine, Receipt
from app.payments.orders import luhn


def issue(session: Session, order: Order, line: OrderLine, bill: Bill) -> None:
    """Issue both. The database refuses a second pair for the same line."""
    at = clock.now()
    for audience, person_id in (
        ("payer", order.payer_person_id),
        ("beneficiary", bill.person_id),
    ):
        session.add(
            Receipt(
                id=new_id(),
                number=_number(at),
                line_id=line.id,
                audience=audience,
                person_id=person_id,
                amount=line.amount,
                issued_at=at,
            )
        )
    session.flush()


def _number(at: datetime) -> str:
    """PZ, the legal day, ten random digits and a Luhn check digit."""
    digits = f"{at.astimezone(clock.SHANGHAI):%Y%m%d}{secrets.randbelow(10**10):010d}"
    return f"PZ{digits}{luhn(digits)}"
