"""Changing the registry takes two people: one proposes, another approves.

A new secret is shown to who proposed it, once and only after that: neither of the two gets in alone.
"""

import uuid
from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import select

from app.audit.services import act_of, record
from app.core import clock
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.types import Actor
from app.identity.openid import registration
from app.identity.openid.errors import ProposalWaits
from app.identity.openid.models import OpenidClientProposal
from app.identity.openid.registration import NewClient
from app.identity.staff.errors import SecondPersonNeeded
from app.identity.staff.models import Officer

#: After the approval the secret waits this long for who proposed it.
COLLECT_WITHIN = timedelta(days=7)


def propose_client(session: Session, actor: Actor, new: NewClient) -> OpenidClientProposal:
    """Ask for a new client. Raises `ClientNotValid`."""
    registration.check(session, new)
    return _propose(session, actor, "register", None, new)


def propose_change(
    session: Session, actor: Actor, client_id: uuid.UUID, new: NewClient
) -> OpenidClientProposal:
    """Ask for other facts of a client. Raises `NotFound`, `ClientNotValid`, `ProposalWaits`."""
    registration.check_change(session, registration.registered(session, client_id), new)
    return _propose(session, actor, "change", client_id, new)


def propose_secret(session: Session, actor: Actor, client_id: uuid.UUID) -> OpenidClientProposal:
    """Ask for another secret. Raises `NotFound`, `ProposalWaits`."""
    if registration.registered(session, client_id).auth_method != "client_secret_basic":
        raise NotFound
    return _propose(session, actor, "secret", client_id, None)


def approve(session: Session, actor: Actor, proposal_id: uuid.UUID) -> OpenidClientProposal:
    """Let it happen, as the second person. Raises `NotFound`, `SecondPersonNeeded`, `ClientNotValid`."""
    row = _waiting(session, proposal_id)
    if row.proposed_by == actor.officer:
        raise SecondPersonNeeded
    row.decided_by, row.decided_at, row.approved = actor.officer, clock.now(), True
    if row.kind == "register":
        client, _ = registration.register_client(session, actor, NewClient(**row.wanted or {}))
        row.client_id = client.id
    elif row.kind == "change" and row.client_id is not None:
        new = NewClient(**row.wanted or {})
        registration.change_client(session, actor, row.client_id, new)
    record(session, act_of(actor, "openid.proposal_approved", object_id=row.id, reason=row.kind))
    return row


def refuse(session: Session, actor: Actor, proposal_id: uuid.UUID) -> None:
    """Turn a proposal down, or take one's own back. Raises `NotFound`."""
    row = _waiting(session, proposal_id)
    row.decided_by, row.decided_at, row.approved = actor.officer, clock.now(), False
    record(session, act_of(actor, "openid.proposal_refused", object_id=row.id, reason=row.kind))


def secret_waits(row: OpenidClientProposal) -> bool:
    """Whether it gives a secret that was not yet shown."""
    if row.kind == "change" or not row.approved or row.collected_at is not None:
        return False
    has_one = row.wanted is None or row.wanted["auth_method"] == "client_secret_basic"
    return has_one and row.decided_at is not None and row.decided_at > clock.now() - COLLECT_WITHIN


def collect_secret(session: Session, actor: Actor, proposal_id: uuid.UUID) -> tuple[uuid.UUID, str]:
    """The client's new secret, once, for who proposed it. Raises `NotFound`."""
    row = session.get(OpenidClientProposal, proposal_id, with_for_update=True)
    mine = row is not None and row.proposed_by == actor.officer
    if row is None or row.client_id is None or not mine or not secret_waits(row):
        raise NotFound
    row.collected_at = clock.now()
    return row.client_id, registration.renew_secret(session, actor, row.client_id)


def proposals(
    session: Session, before: uuid.UUID | None, most: int
) -> list[tuple[OpenidClientProposal, str, str | None]]:
    """What was proposed, latest first, with the logins of who proposed and who decided."""
    rows = select(OpenidClientProposal).order_by(OpenidClientProposal.id.desc()).limit(most)
    if before is not None:
        rows = rows.where(OpenidClientProposal.id < before)
    found = list(session.scalars(rows))
    people = {each for row in found for each in (row.proposed_by, row.decided_by)}
    known = select(Officer.id, Officer.login).where(Officer.id.in_(people))
    logins = {row.id: row.login for row in session.execute(known)}
    return [
        (row, logins[row.proposed_by], logins[row.decided_by] if row.decided_by else None)
        for row in found
    ]


def _propose(
    session: Session, actor: Actor, kind: str, client_id: uuid.UUID | None, new: NewClient | None
) -> OpenidClientProposal:
    if client_id is not None:
        registration.lock(session, client_id)
        waits = select(OpenidClientProposal.id).where(
            OpenidClientProposal.client_id == client_id, OpenidClientProposal.decided_at.is_(None)
        )
        if session.scalar(waits) is not None:
            raise ProposalWaits
    row = OpenidClientProposal(
        id=new_id(),
        kind=kind,
        client_id=client_id,
        wanted=asdict(new) if new else None,
        proposed_by=actor.officer,
        proposed_at=clock.now(),
        decided_by=None,
        decided_at=None,
        approved=None,
        collected_at=None,
    )
    session.add(row)
    session.flush()
    record(session, act_of(actor, "openid.proposal_made", object_id=row.id, reason=kind))
    return row


def _waiting(session: Session, proposal_id: uuid.UUID) -> OpenidClientProposal:
    row = session.get(OpenidClientProposal, proposal_id, with_for_update=True)
    if row is None or row.decided_at is not None:
        raise NotFound
    return row
