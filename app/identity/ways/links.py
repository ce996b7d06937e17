"""Users of mini-programs who may sign in to an account: seen and ended by its owner."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, delete, func, select

from app.audit import services as audit
from app.audit.services import act_of
from app.core import events
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.types import Actor
from app.identity import ending, login_codes
from app.identity.accounts import lock_accounts
from app.identity.errors import CodeRefused
from app.identity.events import WayInChanged
from app.identity.models import WechatLink
from app.identity.ways.models import AccountPassword, AlipayLink

_Table = type[WechatLink] | type[AlipayLink]

#: Who vouches → its links, and the column with its name for the user.
PARTIES: Final[dict[str, tuple[_Table, Any]]] = {
    "wechat": (WechatLink, WechatLink.openid),
    "alipay": (AlipayLink, AlipayLink.subject),
}


@dataclass(frozen=True)
class Linked:
    """A party whose users may sign in to my account."""

    party: str
    users: int
    #: When the latest of them came.
    linked_at: datetime


def my_links(session: Session, actor: Actor) -> list[Linked]:
    """The parties that let somebody into my account."""
    wechat = _counted(WechatLink, actor).group_by(WechatLink.account_id)
    # Alipay may have two names for one user.
    alipay = _counted(AlipayLink, actor).group_by(AlipayLink.kind)
    found = {"wechat": session.execute(wechat).all(), "alipay": session.execute(alipay).all()}
    return [
        Linked(party, max(users for users, _ in rows), max(at for _, at in rows))
        for party, rows in found.items()
        if rows
    ]


def remove(session: Session, actor: Actor, party: str, code: str) -> CodeRefused | None:
    """End what a party's users may do in my account; their devices are signed out and I am told.

    A wrong code is an outcome. Raises `NotFound` where the party lets nobody in.
    """
    refused = login_codes.confirm(session, actor, login_codes.WAY_IN, code)
    if refused:
        return refused
    if party not in PARTIES:
        raise NotFound
    lock_accounts(session, actor.account)
    table, name = PARTIES[party]
    gone = delete(table).where(table.account_id == actor.account).returning(name)
    names = session.scalars(gone).all()
    if not names:
        raise NotFound
    devices = {f"{party}:{each}" for each in names}
    ending.end_devices(session, actor.account, devices, "way_in_changed")
    told = WayInChanged(str(new_id()), str(actor.account), f"{party}_removed")
    events.record(session, told)
    act = act_of(actor, "identity.remove_way_in", subject_id=actor.person_id, reason=party)
    audit.record(session, act)
    return None


def forget_all(session: Session, account_id: uuid.UUID) -> None:
    """Whoever had the account or its phone meanwhile may have set a password or linked their own user."""
    for table in (AccountPassword, WechatLink, AlipayLink):
        session.execute(delete(table).where(table.account_id == account_id))


def _counted(table: _Table, actor: Actor) -> Select[int, datetime]:
    counted = select(func.count(), func.max(table.linked_at))
    return counted.where(table.account_id == actor.account)
