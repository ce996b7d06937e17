"""Accounts found or made by phone."""

import uuid

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core import clock, crypto
from app.core.db import Session
from app.core.ids import new_id
from app.identity.models import Account, SessionFamily


def phone_index(session: Session, phone: str) -> bytes:
    """Blind index of a phone in E.164."""
    return crypto.blind_index(session.core.keys, "blind_phone", phone)


def account_of_phone(session: Session, phone: str) -> Account:
    """The account of `phone` (E.164, proved to be the caller's), made now if there is none."""
    index = phone_index(session, phone)
    mine = select(Account).where(Account.phone_index == index)
    account = session.scalar(mine)
    if account is not None:
        return account
    new = new_id()
    row = insert(Account).values(
        id=new,
        phone_index=index,
        phone_sealed=crypto.seal(session.core.keys, _phone_field(new), phone),
        level="phone",
        created_at=clock.now(),
    )
    # Two devices may sign in for the first time at once: one makes the account, both get it.
    session.execute(row.on_conflict_do_nothing(index_elements=["phone_index"]))
    return session.scalars(mine).one()


def knows_device(session: Session, index: bytes, device_id: str) -> bool:
    """Whether this device has signed in to the account of the phone with this blind index.

    The device's id is a random value that only the device and we know.
    """
    signed_in = (
        select(SessionFamily.id)
        .join(Account, Account.id == SessionFamily.account_id)
        .where(Account.phone_index == index, SessionFamily.device_id == device_id)
    )
    return session.scalar(signed_in.limit(1)) is not None


def phone_of(session: Session, account: Account) -> str:
    """The account's phone (E.164)."""
    return crypto.unseal(session.core.keys, _phone_field(account.id), account.phone_sealed)


def _phone_field(account_id: uuid.UUID) -> crypto.Field:
    return crypto.Field("accounts", "phone_sealed", account_id)
