"""Signing out: of this browser, and telling the clients that were signed in through it."""

import uuid
from collections.abc import Set
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update

from app.core import clock, jobs
from app.core.db import Session
from app.core.ids import new_id
from app.identity.openid import grants
from app.identity.openid.id_tokens import LOGOUT_TOKEN, sign
from app.identity.openid.models import OpenidClient, OpenidGrant, OpenidLogin, OpenidLogoutNotice
from app.identity.openid.subjects import sid, subject

TELL_TASK = "openid.tell_logout"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
#: Seconds.
LOGOUT_TOKEN_LIFE = 120
#: The job itself has given up by then, and the sweep begins.
LEFT_AFTER = timedelta(minutes=2)
#: A site that was not there for so long is told no more.
GIVEN_UP_AFTER = timedelta(hours=24)


def end_login(session: Session, login: OpenidLogin) -> None:
    """Sign the browser out. Clients are told; what they may do while nobody is there stays theirs.

    A code that waits ends whatever it was for, and its client was never told of the sign-in.
    """
    login.ended_at = clock.now()
    _end_and_tell(session, login.account_id, OpenidGrant.login_id == login.id, login.id)


def end_logins_of(session: Session, account_id: uuid.UUID) -> None:
    """Sign a person out of every browser. Each client is told once, of all together."""
    ending = (
        update(OpenidLogin)
        .where(OpenidLogin.account_id == account_id, OpenidLogin.ended_at.is_(None))
        .values(ended_at=clock.now())
        .returning(OpenidLogin.id)
    )
    ended = session.scalars(ending).all()
    if ended:
        _end_and_tell(session, account_id, OpenidGrant.login_id.in_(ended), None)


def tell(
    session: Session, client: OpenidClient, account_id: uuid.UUID, login_id: uuid.UUID | None
) -> None:
    """Have the client told, if it wants to be, of one sign-in or (None) of all."""
    if client.backchannel_logout_uri is None or client.disabled_at is not None:
        return
    at = clock.now()
    notice = OpenidLogoutNotice(
        id=new_id(),
        client_id=client.id,
        login_id=login_id,
        account_id=account_id,
        created_at=at,
        delivered_at=None,
        next_try_at=at + LEFT_AFTER,
    )
    session.add(notice)
    session.flush()
    jobs.defer(session, TELL_TASK, queue="openid", notice_id=str(notice.id))


def claim_left(session: Session, silent: Set[uuid.UUID]) -> OpenidLogoutNotice | None:
    """A notice that did not go out in time, of none of the clients that are `silent` now.

    It is tried again when it is twice as old. The caller commits before it sends.
    """
    due = select(OpenidLogoutNotice).where(
        OpenidLogoutNotice.next_try_at <= clock.now(), OpenidLogoutNotice.client_id.not_in(silent)
    )
    first = due.order_by(OpenidLogoutNotice.next_try_at).limit(1)
    notice = session.scalar(first.with_for_update(skip_locked=True))
    if notice is not None:
        notice.next_try_at = clock.now() + (clock.now() - notice.created_at)
    return notice


def give_up(session: Session) -> int:
    """Try no more what could not be told for a day. Returns how many."""
    old = update(OpenidLogoutNotice).where(
        OpenidLogoutNotice.next_try_at.is_not(None),
        OpenidLogoutNotice.created_at < clock.now() - GIVEN_UP_AFTER,
    )
    return session.connection().execute(old.values(next_try_at=None)).rowcount


def _end_and_tell(
    session: Session, account_id: uuid.UUID, those: ColumnElement[bool], login_id: uuid.UUID | None
) -> None:
    unopened = OpenidGrant.code_used_at.is_(None)
    present_only = ~OpenidGrant.scopes.contains(["offline_access"])
    grants.end_all(session, "signed_out", those, unopened | present_only)
    through = select(OpenidGrant.client_id).where(those, ~unopened)
    for client in session.scalars(select(OpenidClient).where(OpenidClient.id.in_(through))):
        tell(session, client, account_id, login_id)


def logout_token(session: Session, issuer: str, notice: OpenidLogoutNotice) -> str:
    """What the client verifies: who signed out, of which sign-in or of all; good for two minutes."""
    client = session.get_one(OpenidClient, notice.client_id)
    now = int(clock.now().timestamp())
    claims = {
        "iss": issuer,
        "aud": str(client.id),
        "sub": subject(session, client, notice.account_id),
        "iat": now,
        "exp": now + LOGOUT_TOKEN_LIFE,
        "jti": str(notice.id),
        "events": {EVENT: {}},
    }
    if notice.login_id is not None:
        claims["sid"] = sid(session, client, notice.login_id)
    return sign(session.core.keys, LOGOUT_TOKEN, claims)


def forget_old(session: Session) -> int:
    """Delete what clients were told, and what they could not be told, with old families."""
    old = delete(OpenidLogoutNotice).where(
        OpenidLogoutNotice.created_at < clock.now() - grants.KEEP_ENDED
    )
    return session.connection().execute(old).rowcount
