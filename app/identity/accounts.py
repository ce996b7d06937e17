"""Accounts found or made by phone."""

import uuid

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core import clock, crypto
from app.core.db import Session
from app.core.ids import new_id
from app.core.types import Actor
from app.identity.errors import TokenRefused
from app.identity.models import Account, SessionFamily
from app.identity.states import USABLE


def phone_index(session: Session, phone: str) -> bytes:
    """Blind index of a phone in E.164."""
    return crypto.blind_index(session.core.keys, "blind_phone", phone)


def account_of_phone(session: Session, phone: str) -> Account:
    """The account of `phone` (E.164, proved to be the caller's), made now if there is none."""
    index = phone_index(session, phone)
    # Locked, so that a merge or a change of phone that is under way ends first: then the phone may be
    # another account's. Rows that refer to the account may be written meanwhile.
    mine = select(Account).where(Account.phone_index == index)
    mine = mine.with_for_update(key_share=True).execution_options(populate_existing=True)
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


def own_account(session: Session, actor: Actor, *, locked: bool = False) -> Account:
    """The account of who asks, which can be used.

    Raises `TokenRefused` for another: its sessions are over, known to this process or not yet.
    """
    lock = {"key_share": True} if locked else None
    account = session.get_one(Account, actor.account, with_for_update=lock)
    if account.state not in USABLE:
        raise TokenRefused
    return account


def phone_of(session: Session, account: Account) -> str:
    """The phone (E.164) of an account that can be used. Raises `LookupError` where there is none."""
    if account.phone_sealed is None:
        raise LookupError("the account has no phone")
    return crypto.unseal(session.core.keys, _phone_field(account.id), account.phone_sealed)


def set_phone(session: Session, account: Account, phone: str) -> None:
    """Give the account this phone (E.164). The database refuses one that another account has."""
    account.phone_index = phone_index(session, phone)
    account.phone_sealed = crypto.seal(session.core.keys, _phone_field(account.id), phone)


def take_phone(account: Account) -> None:
    """Leave the account without a phone."""
    account.phone_index = account.phone_sealed = None


def lock_accounts(session: Session, *account_ids: uuid.UUID) -> list[Account]:
    """These accounts as they are now, locked in the order of their ids, answered as asked."""
    ids = sorted(set(account_ids))
    locked = (
        select(Account)
        .where(Account.id.in_(ids))
        .order_by(Account.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {account.id: account for account in session.scalars(locked)}
    return [found[each] for each in account_ids]


def _phone_field(account_id: uuid.UUID) -> crypto.Field:
    return crypto.Field("accounts", "phone_sealed", account_id)
