"""A password (密码), optional. In the manner of NIST SP 800-63B: long, no common one, no other rules."""

import itertools
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources

from sqlalchemy import select

from app.core import clock, events, limits
from app.core.db import Session
from app.core.errors import DomainError, InvalidInput
from app.core.ids import new_id
from app.core.limits import Quota, network_of
from app.core.types import Actor
from app.identity import ending, login_codes, passwords, spraying
from app.identity.accounts import knows_device, lock_accounts, own_account, phone_index, phone_of
from app.identity.events import WayInChanged
from app.identity.models import Account
from app.identity.openid.logout import end_logins_of
from app.identity.sessions import Device, Granted, Refused, open_session
from app.identity.ways.errors import OldPasswordRefused, PasswordNotGood, PasswordRefused
from app.identity.ways.models import AccountPassword

SHORTEST = 8
LONGEST = 128

#: Wrong passwords for one phone from one network; a device that signed in before has its own.
FAILED_HERE = Quota("password_failed_network", 5, 3_600)
FAILED_DEVICE = Quota("password_failed_device", 5, 3_600)
#: The same from all unknown devices of all networks together.
FAILED_ANYWHERE = Quota("password_failed_phone", 50, 86_400)
#: Wrong old passwords of one signed-in device.
FAILED_OLD = Quota("password_failed_old", 5, 3_600)


@dataclass(frozen=True)
class Attempt:
    """A phone (E.164) with a password, and from where; with the solution of a task if one was set."""

    phone: str
    password: str
    address: str
    work: str | None = None


@dataclass(frozen=True)
class Proof:
    """What shows that it is the owner who changes or removes it: a fresh code, or the old password."""

    code: str | None
    old_password: str | None


def sign_in(session: Session, attempt: Attempt, device: Device) -> Granted | Refused:
    """Open a session if this is the password of the phone's account. A wrong guess is remembered.

    Nobody's phone, no password set and a wrong password are answered alike, in the same time. Raises
    `TooManyRequests` after five failures an hour of this phone in this network, and `Unavailable`.
    """
    index = phone_index(session, attempt.phone)
    known = knows_device(session, index, device.id)
    if not known:
        demanded = spraying.demand_work(session, index.hex(), attempt.work)
        if demanded:
            return Refused(demanded)
    taken = _take_try(session, index, device.id if known else None, attempt.address)
    mine = (
        select(Account, AccountPassword)
        .join(AccountPassword, AccountPassword.account_id == Account.id)
        .where(Account.phone_index == index)
    )
    found = session.execute(mine).one_or_none()
    password = _normal(attempt.password)
    right = passwords.verify(found[1].password_hash if found else None, password)
    if not known:
        spraying.note(session, opened=right)
    if found is None or not right:
        return Refused(PasswordRefused())
    account, row = found
    if _changed_meanwhile(session, account, row):
        return Refused(PasswordRefused())
    for quota, who in taken:
        limits.give_back(session, quota, who)
    if passwords.is_outdated(row.password_hash):
        row.password_hash = passwords.hash_password(password)
    return open_session(session, account, device, proved=True)


def set_password(session: Session, actor: Actor, new: str, proof: Proof) -> Refused | None:
    """Set or change my password; my other devices are signed out and I am told.

    A wrong proof is remembered. Raises `PasswordNotGood`, `InvalidInput` without any proof.
    """
    _demand(proof)
    account = own_account(session, actor, locked=True)
    phone = phone_of(session, account)
    password = _normal(new)
    _check(password, phone)
    row = session.get(AccountPassword, account.id)
    refusal = _refuse(session, actor, row, proof)
    if refusal is not None:
        return Refused(refusal)
    hashed = passwords.hash_password(password)
    what = "password_set" if row is None else "password_changed"
    if row is None:
        row = AccountPassword(account_id=account.id, password_hash=hashed, set_at=clock.now())
        session.add(row)
    row.password_hash, row.set_at = hashed, clock.now()
    ending.end_others(session, actor)
    end_logins_of(session, actor.account)
    _tell(session, actor, what)
    return None


def remove_password(session: Session, actor: Actor, proof: Proof) -> Refused | None:
    """Have no password any more. Nothing happens if there is none.

    A wrong proof is remembered. Raises `InvalidInput` without any proof.
    """
    _demand(proof)
    lock_accounts(session, actor.account)
    row = session.get(AccountPassword, actor.account)
    refusal = _refuse(session, actor, row, proof)
    if refusal is not None:
        return Refused(refusal)
    if row is not None:
        session.delete(row)
        _tell(session, actor, "password_removed")
    return None


def password_of(session: Session, actor: Actor) -> AccountPassword | None:
    """My password's row."""
    return session.get(AccountPassword, actor.account)


def _take_try(
    session: Session, index: bytes, device_id: str | None, address: str
) -> list[tuple[Quota, str]]:
    """Count this try as failed until it proves right."""
    phone = index.hex()
    taken = (
        [(FAILED_DEVICE, f"{phone}|{device_id}")]
        if device_id is not None
        else [(FAILED_HERE, f"{phone}|{network_of(address)}"), (FAILED_ANYWHERE, phone)]
    )
    for quota, who in taken:
        limits.consume(session, quota, who)
    return taken


def _changed_meanwhile(session: Session, account: Account, row: AccountPassword) -> bool:
    """Whether phone or password are others by now. Locks the account, as changing them does."""
    compared = account.phone_index, row.password_hash
    lock_accounts(session, account.id)
    present = select(AccountPassword.password_hash).where(AccountPassword.account_id == account.id)
    return (account.phone_index, session.scalar(present)) != compared


def _demand(proof: Proof) -> None:
    if (proof.code is None) == (proof.old_password is None):
        message = "请提供验证码或原密码之一。 Give either a code or the old password."
        raise InvalidInput(fields={"code": [message]})


def _refuse(
    session: Session, actor: Actor, row: AccountPassword | None, proof: Proof
) -> DomainError | None:
    if proof.code is not None:
        return login_codes.confirm(session, actor, login_codes.PASSWORD, proof.code)
    who = str(actor.session_id)
    limits.consume(session, FAILED_OLD, who)
    stored = row.password_hash if row else None
    if not passwords.verify(stored, _normal(proof.old_password or "")):
        return OldPasswordRefused()
    limits.give_back(session, FAILED_OLD, who)
    return None


def _check(password: str, phone: str) -> None:
    digits = phone.removeprefix("+86")
    plain = password.casefold()
    if len(password) < SHORTEST:
        raise PasswordNotGood(because="short")
    if plain in _common() or _is_a_run(plain):
        raise PasswordNotGood(because="common")
    if digits in plain or plain in digits:
        raise PasswordNotGood(because="phone")


def _is_a_run(text: str) -> bool:
    """One or two characters over and over, or neighbours in a row: 11111111, abababab, 23456789."""
    steps = {ord(after) - ord(before) for before, after in itertools.pairwise(text)}
    return len(set(text)) <= 2 or steps in ({1}, {-1})


@cache
def _common() -> frozenset[str]:
    listed = resources.files("app.identity.ways") / "common_passwords.txt"
    return frozenset(listed.read_text("utf-8").split())


def _normal(password: str) -> str:
    """One form of what looks alike: keyboards differ in how they write it."""
    return unicodedata.normalize("NFKC", password)


def _tell(session: Session, actor: Actor, what: str) -> None:
    event = WayInChanged(id=str(new_id()), account_id=str(actor.account), what=what)
    events.record(session, event)
