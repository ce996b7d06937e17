"""Masked names of the people that notices speak of: one statement for a whole page."""

import uuid
from collections.abc import Callable, Iterable
from functools import partial

from sqlalchemy import select

from app.core import crypto
from app.core.db import Session
from app.identity.documents import mask_name
from app.identity.models import Person
from app.payments.bills import beneficiary_name
from app.payments.models import Bill

#: A name that does not open (its key was killed) must not close the inbox.
UNREADABLE = "*"


def of_people(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Person → masked name."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = session.execute(select(Person.id, Person.name_sealed).where(Person.id.in_(wanted)))
    return {key: _readable(partial(_person, session, key, sealed)) for key, sealed in rows}


def of_bills(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Bill → masked name of the insured, for those who are no persons of ours."""
    wanted = set(ids)
    if not wanted:
        return {}
    bills = session.scalars(select(Bill).where(Bill.id.in_(wanted)))
    return {bill.id: _readable(partial(beneficiary_name, session, bill)) for bill in bills}


def _person(session: Session, person_id: uuid.UUID, sealed: bytes) -> str:
    field = crypto.Field("persons", "name_sealed", person_id)
    return mask_name(crypto.unseal(session.core.keys, field, sealed))


def _readable(name: Callable[[], str]) -> str:
    try:
        return name()
    except crypto.Unreadable:
        return UNREADABLE
