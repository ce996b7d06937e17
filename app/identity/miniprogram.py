"""Signing in from our WeChat mini-program."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.connectors.wechat import MiniprogramCodeRefused, Wechat, WechatUser
from app.core import clock, events
from app.core.db import Session, phases
from app.core.ids import new_id
from app.identity import phones
from app.identity.accounts import account_of_phone
from app.identity.errors import PhoneCodeRequired
from app.identity.events import WayInChanged
from app.identity.models import Account, SessionFamily, WechatLink
from app.identity.sessions import Device, Granted, open_session


def sign_in_by_wechat(
    session: Session, wechat: Wechat, login_code: str, phone_code: str | None
) -> Granted:
    """Open a session for the WeChat user behind `login_code`.

    A user we know needs no phone code; a new one is linked to the account of the phone WeChat
    vouches for. Raises `MiniprogramCodeRefused`, `PhoneCodeRequired`, `PartyUnavailable`.
    """

    def call(_: None) -> tuple[WechatUser, str | None]:
        return wechat.user(login_code), wechat.phone(phone_code) if phone_code else None

    def apply(_: None, answer: tuple[WechatUser, str | None]) -> Granted:
        user, phone = answer
        account = _account(session, user, phone)
        device = Device(f"wechat:{user.openid}", "微信小程序", "wechat")
        return open_session(session, account, device)

    def prepare() -> None:
        # WeChat's codes work once: do not use one up while our own database is away.
        session.execute(select(1))

    return phases(session, prepare=prepare, call=call, apply=apply)


def _account(session: Session, user: WechatUser, phone: str | None) -> Account:
    link = session.get(WechatLink, user.openid)
    if link is not None:
        return session.get_one(Account, link.account_id)
    if phone is None:
        raise PhoneCodeRequired
    normal = phones.normalise(phone)
    if normal is None:
        raise MiniprogramCodeRefused
    account = account_of_phone(session, normal)
    row = insert(WechatLink).values(
        openid=user.openid,
        account_id=account.id,
        unionid=user.unionid,
        linked_at=clock.now(),
    )
    made = row.on_conflict_do_nothing(index_elements=["openid"]).returning(WechatLink.openid)
    if session.scalar(made) is not None and _used_before(session, account):
        told = WayInChanged(str(new_id()), str(account.id), "wechat_linked")
        events.record(session, told)
    # Another sign-in of the same user may have linked it a moment ago: theirs counts.
    linked = select(WechatLink.account_id).where(WechatLink.openid == user.openid)
    return session.get_one(Account, session.scalars(linked).one())


def _used_before(session: Session, account: Account) -> bool:
    """Whether somebody signed in already: who opens the account from WeChat need not be told."""
    before = select(SessionFamily.id).where(SessionFamily.account_id == account.id)
    return session.scalar(before.limit(1)) is not None
