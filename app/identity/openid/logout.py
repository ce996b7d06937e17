"""Signing out: of this browser, and telling the clients that were signed in through it."""

import uuid

from sqlalchemy import delete, select

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


def end_login(session: Session, login: OpenidLogin) -> None:
    """Sign the browser out. Clients are told; what they may do while nobody is there stays theirs."""
    login.ended_at = clock.now()
    opened = select(OpenidGrant).where(
        OpenidGrant.login_id == login.id, OpenidGrant.code_used_at.is_not(None)
    )
    told: set[uuid.UUID] = set()
    for grant in session.scalars(opened.with_for_update()):
        if "offline_access" not in grant.scopes:
            grants.end(grant, "signed_out")
        if grant.client_id not in told:
            told.add(grant.client_id)
            tell(session, grant)


def end_logins_of(session: Session, account_id: uuid.UUID) -> None:
    """Sign a person out of every browser."""
    open_ones = select(OpenidLogin).where(
        OpenidLogin.account_id == account_id, OpenidLogin.ended_at.is_(None)
    )
    for login in session.scalars(open_ones.with_for_update()):
        end_login(session, login)


def tell(session: Session, grant: OpenidGrant) -> None:
    """Have the client told, if it wants to be."""
    client = session.get_one(OpenidClient, grant.client_id)
    if client.backchannel_logout_uri is None or client.disabled_at is not None:
        return
    notice = OpenidLogoutNotice(
        id=new_id(),
        client_id=client.id,
        login_id=grant.login_id,
        account_id=grant.account_id,
        created_at=clock.now(),
        delivered_at=None,
    )
    session.add(notice)
    session.flush()
    jobs.defer(session, TELL_TASK, queue="openid", notice_id=str(notice.id))


def logout_token(session: Session, issuer: str, notice: OpenidLogoutNotice) -> str:
    """What the client verifies: who signed out where, good for two minutes."""
    client = session.get_one(OpenidClient, notice.client_id)
    now = int(clock.now().timestamp())
    claims = {
        "iss": issuer,
        "aud": str(client.id),
        "sub": subject(session, client, notice.account_id),
        "sid": sid(session, client, notice.login_id),
        "iat": now,
        "exp": now + LOGOUT_TOKEN_LIFE,
        "jti": str(notice.id),
        "events": {EVENT: {}},
    }
    return sign(session.core.keys, LOGOUT_TOKEN, claims)


def forget_old(session: Session) -> int:
    """Delete what clients were told, and what they could not be told, with old families."""
    old = delete(OpenidLogoutNotice).where(
        OpenidLogoutNotice.created_at < clock.now() - grants.KEEP_ENDED
    )
    return session.connection().execute(old).rowcount
