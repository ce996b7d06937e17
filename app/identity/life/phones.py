"""Another phone for an account: with the old one at hand, with the face, or reissued."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.audit import services as audit
from app.audit.services import act_of
from app.connectors.exchange import PersonRecord
from app.core import clock, limits
from app.core.db import Session, phases
from app.core.errors import DomainError, StepUpRequired
from app.core.http import PartyUnavailable
from app.core.limits import Quota
from app.core.types import Actor
from app.identity import ending, login_codes, sessions
from app.identity.accounts import (
    account_of_phone,
    lock_accounts,
    own_account,
    phone_index,
    phone_of,
    set_phone,
    take_phone,
)
from app.identity.comeback import AccountMoved
from app.identity.errors import CodeRefused, RealNameMismatch
from app.identity.life import texts
from app.identity.life.errors import NotNewToMe, PhoneInUse, SamePhone
from app.identity.login_codes import Guess
from app.identity.models import Account
from app.identity.openid.consents import leave_all
from app.identity.openid.logout import end_logins_of
from app.identity.real_name import ATTEMPTS_A_DAY, Authorities, Claim, bind, person_of
from app.identity.sessions import Granted
from app.identity.states import ACCOUNT, move
from app.identity.ways import links

PURPOSE = login_codes.PHONE
CHANGES_A_DAY = Quota("phone_changed_day", 3, 86_400)


@dataclass(frozen=True)
class NewPhone:
    """The phone (E.164) somebody wants, with the codes sent to it and, if at hand, to the old one."""

    phone: str
    code_new: str
    code_old: str | None = None
    #: The number was another person's and is mine now.
    new_to_me: bool = False


def change_phone(session: Session, actor: Actor, wish: NewPhone) -> DomainError | None:
    """Give my account another phone. Every other device is signed out, both phones are told.

    Without the old phone the face is asked for (`StepUpRequired`), and the other ways in end: whoever has
    that phone may have made them. A wrong code is an outcome, so that it is counted. Raises `SamePhone`,
    `PhoneInUse`, `NotNewToMe`, `TooManyRequests` (3 a day).
    """
    old_phone = phone_of(session, own_account(session, actor))
    if wish.phone == old_phone:
        raise SamePhone
    if wish.code_old is None and not actor.reaches("face"):
        lasts = session.core.settings.face_level_minutes * 60
        raise StepUpRequired(level="face", lasts_seconds=lasts)
    refused = _wrong_codes(session, actor, wish, old_phone)
    if refused:
        return refused
    # After the codes: signing in locks in this order too.
    mine, other = _with_holder(session, actor.account, wish.phone)
    if mine.phone_index != phone_index(session, old_phone):
        raise AccountMoved(retry_after=1)
    limits.consume(session, CHANGES_A_DAY, str(actor.account))
    if other is not None:
        _take_over_number(session, actor, wish, mine, other)
    _set(session, mine, wish.phone)
    ending.end_all(session, mine.id, "phone_changed", but=actor.session_id)
    if wish.code_old is None:
        # Whoever has the old phone may have let others in.
        mine.proved_at = mine.phone_changed_at
        links.forget_all(session, mine.id)
        leave_all(session, mine.id)
    else:
        end_logins_of(session, mine.id)
    texts.tell(session, old_phone, "phone_left")
    texts.tell(session, wish.phone, "phone_came" if wish.code_old else "phone_came_anew")
    reason = "both_phones" if wish.code_old else "face"
    act = act_of(actor, "identity.change_phone", subject_id=mine.person_id, reason=reason)
    audit.record(session, act)
    return None


def declare_new_number(
    session: Session, authorities: Authorities, actor: Actor, claimed: Claim, code: str
) -> Granted | DomainError:
    """My number was another person's, into whose account its code led me: give me an account of my own.

    The other account loses the phone and every session. A wrong code and a silent authority are
    outcomes. Raises `NotNewToMe`, `RealNameMismatch`, `IdentityInUse`, `TooManyRequests`.
    """
    account = own_account(session, actor)
    if account.person_id is None:
        raise NotNewToMe
    phone, device = phone_of(session, account), sessions.device_of(session, actor)
    if not login_codes.prove(session, Guess(phone, code, purpose=PURPOSE), device.id):
        return CodeRefused()

    def prepare() -> None:
        limits.consume(session, ATTEMPTS_A_DAY, str(actor.account))

    def call(_: None) -> PersonRecord | PartyUnavailable | None:
        try:
            return authorities.verify(claimed)
        except PartyUnavailable as silent:
            return silent

    def apply(_: None, found: PersonRecord | PartyUnavailable | None) -> Granted | DomainError:
        if isinstance(found, PartyUnavailable):
            limits.give_back(session, ATTEMPTS_A_DAY, str(actor.account))
            return found
        if found is None or found.deceased:
            raise RealNameMismatch
        own = _part(session, actor, phone, person_of(session, claimed, found))
        return sessions.open_session(session, own, device, proved=True)

    return phases(session, prepare=prepare, call=call, apply=apply)


def lose_phone(session: Session, actor: Actor, account: Account) -> None:
    """The account's number is another person's now. The caller locks the account."""
    if account.state != "active":
        raise PhoneInUse
    phone = phone_of(session, account)
    account.state = move(ACCOUNT, account.state, "lose_phone")
    take_phone(account)
    links.forget_all(session, account.id)
    account.phone_changed_at = clock.now()
    session.flush()
    ending.end_all(session, account.id, "phone_lost")
    leave_all(session, account.id)
    texts.tell(session, phone, "phone_lost")
    act = act_of(actor, "identity.lose_phone", subject_id=account.person_id)
    audit.record(session, act)


def _part(session: Session, actor: Actor, phone: str, person_id: uuid.UUID) -> Account:
    """The actor's account loses the phone, and the person gets one of their own with it."""
    (former,) = lock_accounts(session, actor.account)
    if former.person_id == person_id or former.phone_index != phone_index(session, phone):
        raise NotNewToMe
    lose_phone(session, actor, former)
    own = account_of_phone(session, phone)
    bind(session, own, person_id)
    session.flush()
    return own


def holder_of(session: Session, phone: str) -> uuid.UUID | None:
    """The account with this phone (E.164), unlocked."""
    holder = select(Account.id).where(Account.phone_index == phone_index(session, phone))
    return session.scalar(holder)


def _with_holder(
    session: Session, account_id: uuid.UUID, phone: str
) -> tuple[Account, Account | None]:
    """The account, and whichever has the phone, both locked."""
    holder = holder_of(session, phone)
    if holder is None:
        return lock_accounts(session, account_id)[0], None
    mine, other = lock_accounts(session, account_id, holder)
    # It may have let go of the phone while we waited for the lock.
    return mine, other if other.phone_index == phone_index(session, phone) else None


def _wrong_codes(
    session: Session, actor: Actor, wish: NewPhone, old_phone: str
) -> CodeRefused | None:
    device = sessions.device_of(session, actor).id
    given = [("code_new", wish.phone, wish.code_new)]
    if wish.code_old is not None:
        given.insert(0, ("code_old", old_phone, wish.code_old))
    for field, phone, code in given:
        if not login_codes.prove(session, Guess(phone, code, purpose=PURPOSE), device):
            return CodeRefused(fields={field: [f"{CodeRefused.zh} {CodeRefused.en}"]})
    return None


def _take_over_number(
    session: Session, actor: Actor, wish: NewPhone, mine: Account, other: Account
) -> None:
    if not wish.new_to_me:
        raise PhoneInUse
    if mine.person_id is None or other.person_id is None:
        # Nobody is told apart by a phone alone: such accounts are merged.
        raise NotNewToMe
    lose_phone(session, actor, other)


def _set(session: Session, account: Account, phone: str) -> None:
    try:
        with session.begin_nested():
            set_phone(session, account, phone)
            account.phone_changed_at = clock.now()
    except IntegrityError:
        # Somebody signed in with it for the first time at this very moment.
        raise PhoneInUse from None
