"""Sessions of staff: 30 minutes idle, 12 hours in all; state and roles are read at every request."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, select, update

from app.core import clock, metrics
from app.core.db import Session
from app.core.ids import new_id
from app.core.types import Actor
from app.identity import tokens
from app.identity.errors import TokenRefused
from app.identity.sessions import REPEAT_WINDOW, Refused
from app.identity.staff.models import Officer, OfficerChallenge, OfficerRole, OfficerSession

AUDIENCE = "huiban-officer"
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
#: How exactly the last request is noted.
SEEN_WITHIN = timedelta(minutes=1)
KEEP_ENDED = timedelta(days=180)

_USE = b"officer-refresh"

#: Made once: every request of an officer asks it.
_PRESENT = (
    select(
        Officer.unit_id,
        OfficerSession.last_seen_at,
        func.array_remove(func.array_agg(OfficerRole.role), None),
    )
    .join(OfficerSession, OfficerSession.officer_id == Officer.id)
    .outerjoin(
        OfficerRole,
        and_(
            OfficerRole.officer_id == Officer.id,
            OfficerRole.confirmed_at.is_not(None),
            OfficerRole.ended_at.is_(None),
        ),
    )
    .where(
        OfficerSession.id == bindparam("session_id"),
        Officer.id == bindparam("officer_id"),
        Officer.state == "active",
        OfficerSession.ended_at.is_(None),
        OfficerSession.expires_at > bindparam("now"),
        OfficerSession.last_seen_at > bindparam("idle_since"),
    )
    .group_by(Officer.id, OfficerSession.id)
)


@dataclass(frozen=True)
class OfficerGranted:
    """A session was opened or continued."""

    access_token: str
    refresh_token: str
    officer_id: uuid.UUID
    browser: bool


def open_session(
    session: Session, officer: Officer, device: bytes | None, *, browser: bool
) -> OfficerGranted:
    """Sign the officer in; both factors have been checked."""
    at = clock.now()
    row = OfficerSession(
        id=new_id(),
        officer_id=officer.id,
        device_hash=device,
        browser=browser,
        generation=0,
        rotated_at=at,
        last_seen_at=at,
        created_at=at,
        expires_at=at + LONGEST,
        ended_at=None,
        ended_because=None,
    )
    session.add(row)
    session.flush()
    return _grant(session, row)


def authenticate(session: Session, token: str) -> Actor:
    """The officer of an access token, with the unit and roles of this moment. Raises `TokenRefused`.

    PostgreSQL is asked at each request, so that a lock, a sign-out or a lost role acts at once.
    """
    claimed = tokens.read(session.core.keys, token, _claimed)
    at = clock.now()
    facts = {
        "session_id": claimed.session_id,
        "officer_id": claimed.officer_id,
        "now": at,
        "idle_since": at - IDLE,
    }
    present = session.execute(_PRESENT, facts).one_or_none()
    if present is None:
        raise TokenRefused
    unit_id, seen_at, roles = present
    if at - seen_at > SEEN_WITHIN:
        _note_seen(session, claimed)
    return Actor(
        "officer",
        officer_id=claimed.officer_id,
        session_id=claimed.session_id,
        unit_id=unit_id,
        roles=frozenset(roles),
    )


def refresh(session: Session, text: str) -> OfficerGranted | Refused:
    """Exchange a refresh token for its successor, as citizens do; a reused one ends the session."""
    presented = tokens.read_refresh(session.core.keys, text, _USE)
    at = clock.now()
    row = session.get(OfficerSession, presented.family_id, with_for_update=True)
    if row is None or row.ended_at is not None or row.expires_at <= at:
        return Refused(TokenRefused())
    if row.last_seen_at <= at - IDLE or session.get_one(Officer, row.officer_id).state != "active":
        return Refused(TokenRefused())
    if presented.generation >= row.generation:
        row.generation = presented.generation + 1
        row.rotated_at = row.last_seen_at = at
        return _grant(session, row)
    if presented.generation == row.generation - 1 and at - row.rotated_at <= REPEAT_WINDOW:
        return _grant(session, row)
    _end(row, "reuse")
    metrics.REFRESH_REUSED.labels("officer").inc()
    return Refused(TokenRefused())


def sign_out(session: Session, actor: Actor) -> None:
    """End the present session."""
    _end(session.get_one(OfficerSession, actor.session_id, with_for_update=True), "signed_out")


def end_all(session: Session, officer_id: uuid.UUID, because: str) -> None:
    """End every session of an officer at once, and every sign-in that is half done."""
    mine = update(OfficerSession).where(
        OfficerSession.officer_id == officer_id, OfficerSession.ended_at.is_(None)
    )
    session.execute(mine.values(ended_at=clock.now(), ended_because=because))
    begun = update(OfficerChallenge).where(
        OfficerChallenge.officer_id == officer_id, OfficerChallenge.used_at.is_(None)
    )
    session.execute(begun.values(used_at=clock.now()))


def knows_device(session: Session, login: str, device: bytes) -> bool:
    """Whether somebody has signed in with this login, both factors, on this device."""
    signed_in = (
        select(OfficerSession.id)
        .join(Officer, Officer.id == OfficerSession.officer_id)
        .where(Officer.login == login, OfficerSession.device_hash == device)
    )
    return session.scalar(signed_in.limit(1)) is not None


def device_hash(device_id: str | None) -> bytes | None:
    """What is stored of a client's own name for its device."""
    return hashlib.sha256(device_id.encode()).digest() if device_id is not None else None


def forget_old(session: Session) -> int:
    """Delete sessions that were over 180 days ago. Returns how many."""
    old = delete(OfficerSession).where(OfficerSession.expires_at < clock.now() - KEEP_ENDED)
    return session.connection().execute(old).rowcount


def _grant(session: Session, row: OfficerSession) -> OfficerGranted:
    keys = session.core.keys
    claims = {"sub": str(row.officer_id), "sid": str(row.id)}
    return OfficerGranted(
        access_token=tokens.sign(keys, AUDIENCE, claims, clock.now()),
        refresh_token=tokens.derive_refresh(keys, row.id, row.generation, _USE),
        officer_id=row.officer_id,
        browser=row.browser,
    )


def _claimed(claims: dict[str, Any]) -> Actor:
    if claims["aud"] != AUDIENCE:
        raise TokenRefused
    return Actor(
        "officer", officer_id=uuid.UUID(claims["sub"]), session_id=uuid.UUID(claims["sid"])
    )


def _note_seen(session: Session, claimed: Actor) -> None:
    # Another request of this session may be noting it just now: nobody waits for that.
    mine = select(OfficerSession.id).where(OfficerSession.id == claimed.session_id)
    free = mine.with_for_update(skip_locked=True).scalar_subquery()
    noted = update(OfficerSession).where(OfficerSession.id == free)
    session.execute(
        noted.values(last_seen_at=clock.now()).execution_options(synchronize_session=False)
    )


def _end(row: OfficerSession, because: str) -> None:
    row.ended_at = clock.now()
    row.ended_because = because
