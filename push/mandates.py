"""Whom a mandate's news concerns: who holds it, and whose account it is about."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Date, and_, cast, func, literal, null, select, union_all

from app.core import crypto, limits
from app.core.db import Session
from app.core.limits import Quota
from app.family import people
from app.family.models import Mandate
from app.family.queries import principal_name
from app.identity.models import Account
from app.identity.queries import identity_document, masked_name
from app.payments.bills import phone_of
from app.payments.models import Bill
from push.contributions import Facts

#: Nobody gets more texts about mandates a day, however many ask.
TEXTS_A_DAY = Quota("mandate_texts_day", 3, 86_400)
#: What a text says was done.
_DONE = {"asked": "申请", "confirmed": "已获得", "ended": "已结束"}


def moved_mandate(day: date, parameters: Mapping[str, str]) -> Facts:
    """Both sides of a mandate that was asked for, confirmed or ended.

    `principal`: the person the mandate names, found by number *and* name; empty for nobody.
    """
    del day
    to, named = parameters["to"], parameters["principal"]
    mandate = Mandate.id == uuid.UUID(parameters["mandate_id"])
    person = literal(uuid.UUID(named) if named else None, Account.person_id.type)
    # A request says nothing of whether we know the person: its holder is told of their own alone.
    about = func.coalesce(Mandate.principal_person_id, Mandate.holder_person_id)
    holder = select(*_columns(Mandate.holder_account_id, about, f"{to}_held", to)).where(mandate)
    theirs = and_(Account.person_id == person, Account.id != Mandate.holder_account_id)
    principal = (
        select(*_columns(Account.id, Mandate.holder_person_id, f"{to}_given", to))
        .join(Account, theirs)
        .where(mandate)
    )
    return union_all(holder, principal)


def named_person(session: Session, mandate: Mandate) -> uuid.UUID | None:
    """The person the mandate means: one who has its number under another name is not."""
    found = people.person_with(session, mandate.principal_index)
    if found is None:
        return None
    return (
        found
        if identity_document(session, found).name == principal_name(session, mandate)
        else None
    )


def text_for(session: Session, mandate_id: uuid.UUID, to: str) -> tuple[str, list[str]] | None:
    """Phone and values of the text to a principal without an account; None where none can be sent."""
    mandate = session.get_one(Mandate, mandate_id)
    index = mandate.principal_index
    if mandate.guardian_as is not None or people.phone_with(session, index) is not None:
        return None
    phone = _phone(session, mandate)
    if phone is None or not limits.try_consume(session, TEXTS_A_DAY, index.hex()):
        return None
    return phone, [masked_name(session, mandate.holder_person_id), _DONE[to], mandate.number]


def _phone(session: Session, mandate: Mandate) -> str | None:
    """What they said at the window, else what the department knows of them."""
    if mandate.phone_sealed is not None:
        field = crypto.Field("mandates", "phone_sealed", mandate.id)
        return crypto.unseal(session.core.keys, field, mandate.phone_sealed)
    known = select(Bill).where(
        Bill.beneficiary_index == mandate.principal_index, Bill.phone_sealed.is_not(None)
    )
    bill = session.scalar(known.order_by(Bill.fetched_at.desc()).limit(1))
    return phone_of(session, bill) if bill is not None else None


def _columns(recipient: Any, subject: Any, wording: str, to: str) -> list[Any]:
    params = func.jsonb_build_object(
        *("number", Mandate.number, "by", func.coalesce(Mandate.ended_how, Mandate.ended_by, "-"))
    )
    return [
        recipient.label("recipient"),
        subject.label("subject"),
        func.concat("mandate:", Mandate.id).label("subject_key"),
        literal(to).label("period"),
        cast(null(), Date).label("opens"),
        cast(null(), Date).label("due"),
        literal(wording).label("wording"),
        params.label("params"),
    ]
