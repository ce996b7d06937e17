"""Signing in from our Alipay mini-program."""

import uuid

from sqlalchemy import and_, or_, select
from sqlalchemy.dialects.postgresql import insert

from app.connectors.alipay import Alipay, AlipayCodeRefused, AlipayUser
from app.core import clock, events
from app.core.db import Session, phases
from app.core.ids import new_id
from app.identity import phones
from app.identity.accounts import account_of_phone
from app.identity.errors import PhoneCodeRequired
from app.identity.events import WayInChanged
from app.identity.models import Account
from app.identity.sessions import Device, Granted, open_session
from app.identity.ways.models import AlipayLink


def sign_in(session: Session, alipay: Alipay, login_code: str, phone_code: str | None) -> Granted:
    """Open a session for the Alipay user behind `login_code`.

    A user we know needs no phone; a new one is linked to the account of the phone Alipay vouches for,
    whose owner is told: Alipay's word for a phone, unlike WeChat's, can be said again. Raises
    `AlipayCodeRefused`, `PhoneCodeRequired`, `PartyUnavailable`.
    """
    phone = _phone(alipay, phone_code) if phone_code else None

    def prepare() -> None:
        # Alipay's codes work once: do not use one up while our own database is away.
        session.execute(select(1))

    def call(_: None) -> AlipayUser:
        return alipay.user(login_code)

    def apply(_: None, user: AlipayUser) -> Granted:
        names = _names(user)
        account = _account(session, names, phone)
        device = Device(f"alipay:{names[0][1]}", "支付宝小程序", "alipay")
        return open_session(session, account, device)

    return phases(session, prepare=prepare, call=call, apply=apply)


def _phone(alipay: Alipay, phone_code: str) -> str:
    normal = phones.normalise(alipay.phone(phone_code))
    if normal is None:
        raise AlipayCodeRefused
    return normal


def _names(user: AlipayUser) -> list[tuple[str, str]]:
    both = (("open_id", user.open_id), ("user_id", user.user_id))
    return [(kind, subject) for kind, subject in both if subject is not None]


def _account(session: Session, names: list[tuple[str, str]], phone: str | None) -> Account:
    known = _linked(session, names)
    if known is None and phone is None:
        raise PhoneCodeRequired
    account_id = known or account_of_phone(session, phone or "").id
    rows = [
        {"kind": kind, "subject": subject, "account_id": account_id, "linked_at": clock.now()}
        for kind, subject in names
    ]
    # Another sign-in of the same user may have linked it a moment ago: theirs counts.
    made = insert(AlipayLink).values(rows).on_conflict_do_nothing().returning(AlipayLink.subject)
    if session.execute(made).all() and known is None:
        told = WayInChanged(id=str(new_id()), account_id=str(account_id), what="alipay_linked")
        events.record(session, told)
    return session.get_one(Account, _linked(session, names))


def _linked(session: Session, names: list[tuple[str, str]]) -> uuid.UUID | None:
    theirs = [and_(AlipayLink.kind == kind, AlipayLink.subject == name) for kind, name in names]
    mine = select(AlipayLink.account_id).where(or_(*theirs)).order_by(AlipayLink.linked_at)
    return session.scalar(mine.limit(1))
