"""Browsers in which somebody is signed in to our own pages."""

import uuid
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, exists, select, update

from app.core import clock
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.types import Actor
from app.identity.models import Account
from app.identity.openid import logout
from app.identity.openid.models import (
    OpenidClient,
    OpenidGrant,
    OpenidLogin,
    OpenidLogoutNotice,
    OpenidRequest,
)
from app.identity.openid.secrets import digest, new_secret

#: After this long without use, and in any case, a browser signs in anew.
IDLE_LIFE = timedelta(minutes=30)
LIFE = timedelta(hours=12)
KEEP_ENDED = timedelta(days=90)


def current_login(session: Session, browser: str) -> OpenidLogin | None:
    """Who is signed in in the browser with this cookie; using it keeps it alive.

    Locked: what is given through it is given before it ends, and so ends with it.
    """
    at = clock.now()
    mine = select(OpenidLogin).where(
        OpenidLogin.browser_hash == digest(browser),
        OpenidLogin.ended_at.is_(None),
        OpenidLogin.expires_at > at,
        OpenidLogin.last_used_at > at - IDLE_LIFE,
    )
    login = session.scalar(mine.with_for_update())
    if login is not None:
        login.last_used_at = at
    return login


def open_login(session: Session, account: Account, browser: str, amr: list[str]) -> str:
    """Sign `account` in. Returns the browser's new cookie: one that somebody planted knows nothing.

    Sign-ins that wait in other windows of this browser go on with the new cookie. Somebody who signs
    in anew goes on with the sign-in that sites know; anybody else's ends.
    """
    at, fresh = clock.now(), new_secret()
    old = digest(browser)
    before = select(OpenidLogin).where(
        OpenidLogin.browser_hash == old, OpenidLogin.ended_at.is_(None)
    )
    login = session.scalar(before.with_for_update())
    if login is not None and login.account_id != account.id:
        logout.end_login(session, login)
        login = None
    waiting = update(OpenidRequest).where(
        OpenidRequest.browser_hash == old, OpenidRequest.finished_at.is_(None)
    )
    session.execute(waiting.values(browser_hash=digest(fresh)))
    if login is None:
        login = OpenidLogin(id=new_id(), account_id=account.id, ended_at=None)
        session.add(login)
    login.browser_hash, login.amr = digest(fresh), amr
    login.auth_at = login.last_used_at = at
    login.expires_at = at + LIFE
    session.flush()
    return fresh


def my_logins(session: Session, actor: Actor) -> list[tuple[OpenidLogin, list[str]]]:
    """The browsers in which I am signed in for sites, latest first, with the sites' names.

    One that was left alone is among them: the sites may not have noticed.
    """
    mine = select(OpenidLogin).where(*_open_of(actor)).order_by(OpenidLogin.last_used_at.desc())
    found = list(session.scalars(mine.limit(50)))
    through = (
        select(OpenidGrant.login_id, OpenidClient.name)
        .join(OpenidClient, OpenidClient.id == OpenidGrant.client_id)
        .where(
            OpenidGrant.login_id.in_([each.id for each in found]),
            OpenidGrant.code_used_at.is_not(None),
        )
        .distinct()
        .order_by(OpenidClient.name)
    )
    sites: dict[uuid.UUID, list[str]] = {each.id: [] for each in found}
    for login_id, name in session.execute(through):
        sites[login_id].append(name)
    return [(each, sites[each.id]) for each in found]


def end_mine(session: Session, actor: Actor, login_id: uuid.UUID) -> None:
    """Sign one of my browsers out; its sites are told. Raises `NotFound`."""
    mine = select(OpenidLogin).where(OpenidLogin.id == login_id, *_open_of(actor))
    login = session.scalar(mine.with_for_update())
    if login is None:
        raise NotFound
    logout.end_login(session, login)


def _open_of(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    return (
        OpenidLogin.account_id == actor.account,
        OpenidLogin.ended_at.is_(None),
        OpenidLogin.expires_at > clock.now(),
    )


def account_of(session: Session, login: OpenidLogin) -> Account:
    """The account as it is now: its level may have risen since the sign-in."""
    return session.get_one(Account, login.account_id)


def forget_old(session: Session) -> int:
    """Delete sign-ins that are long over and that nothing refers to. Returns how many."""
    old = delete(OpenidLogin).where(
        OpenidLogin.expires_at < clock.now() - KEEP_ENDED,
        ~exists().where(OpenidGrant.login_id == OpenidLogin.id),
        ~exists().where(OpenidLogoutNotice.login_id == OpenidLogin.id),
    )
    return session.connection().execute(old).rowcount
