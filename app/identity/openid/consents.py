"""What people agreed that a client may know, and taking it back."""

import uuid

from sqlalchemy import select

from app.core import clock
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.types import Actor
from app.identity.openid import grants, logout
from app.identity.openid.models import OpenidClient, OpenidConsent, OpenidGrant
from app.identity.openid.scopes import NOTICE_VERSION


def standing_consent(
    session: Session, account_id: uuid.UUID, client_id: uuid.UUID, asked: frozenset[str]
) -> OpenidConsent | None:
    """The consent that answers a request for these scopes, given to the words we show today."""
    consent = _standing(session, account_id, client_id)
    if consent is None or consent.notice_version != NOTICE_VERSION:
        return None
    return consent if asked <= set(consent.asked) else None


def give_consent(
    session: Session,
    account_id: uuid.UUID,
    client_id: uuid.UUID,
    asked: frozenset[str],
    agreed: frozenset[str],
) -> OpenidConsent:
    """Remember what was agreed to of what was asked for, beside what was not asked this time.

    Tokens that tell more than that end.
    """
    at, asked_before, kept = clock.now(), frozenset[str](), frozenset[str]()
    before = _standing(session, account_id, client_id)
    if before is not None:
        before.withdrawn_at = at
        session.flush()
        if before.notice_version == NOTICE_VERSION:
            asked_before, kept = frozenset(before.asked), frozenset(before.scopes) - asked
    consent = OpenidConsent(
        id=new_id(),
        account_id=account_id,
        client_id=client_id,
        asked=sorted(asked | asked_before),
        scopes=sorted((agreed & asked) | kept | {"openid"}),
        notice_version=NOTICE_VERSION,
        given_at=at,
        withdrawn_at=None,
    )
    session.add(consent)
    session.flush()
    wider = ~OpenidGrant.scopes.contained_by(consent.scopes)
    grants.end_all(session, "withdrawn", grants.of_client(account_id, client_id), wider)
    return consent


def connected_apps(session: Session, actor: Actor) -> list[tuple[OpenidConsent, OpenidClient]]:
    """Whom I gave consent that stands, latest first."""
    mine = (
        select(OpenidConsent, OpenidClient)
        .join(OpenidClient, OpenidClient.id == OpenidConsent.client_id)
        .where(OpenidConsent.account_id == actor.account, OpenidConsent.withdrawn_at.is_(None))
        .order_by(OpenidConsent.given_at.desc())
        .limit(100)
    )
    return [(consent, client) for consent, client in session.execute(mine)]


def withdraw_consent(session: Session, actor: Actor, client_id: uuid.UUID) -> None:
    """Take my consent back: the client's tokens end and it is told. Raises `NotFound`."""
    consent = _standing(session, actor.account, client_id)
    if consent is None:
        raise NotFound
    _withdraw(session, consent)


def withdraw_all(session: Session, account_id: uuid.UUID) -> None:
    """Take back every consent of the account, however many there are."""
    standing = select(OpenidConsent).where(
        OpenidConsent.account_id == account_id, OpenidConsent.withdrawn_at.is_(None)
    )
    for consent in session.scalars(standing.with_for_update()):
        _withdraw(session, consent)


def leave_all(session: Session, account_id: uuid.UUID) -> None:
    """Sign the person out of every browser and take back every consent; sites are told."""
    logout.end_logins_of(session, account_id)
    withdraw_all(session, account_id)


def _withdraw(session: Session, consent: OpenidConsent) -> None:
    consent.withdrawn_at = clock.now()
    grants.end_all(session, "withdrawn", grants.of_client(consent.account_id, consent.client_id))
    client = session.get_one(OpenidClient, consent.client_id)
    logout.tell(session, client, consent.account_id, None)


def _standing(
    session: Session, account_id: uuid.UUID, client_id: uuid.UUID
) -> OpenidConsent | None:
    standing = select(OpenidConsent).where(
        OpenidConsent.account_id == account_id,
        OpenidConsent.client_id == client_id,
        OpenidConsent.withdrawn_at.is_(None),
    )
    return session.scalar(standing.with_for_update())
