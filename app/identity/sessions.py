"""Sessions: opening, checking, refreshing, ending, listing."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, or_, select

from app.core import clock, crypto, events, metrics
from app.core.db import Session
from app.core.errors import DomainError, NotFound
from app.core.ids import new_id
from app.core.types import Actor, Level, SessionUse
from app.identity import device_keys, tokens
from app.identity.comeback import must_prove, welcome
from app.identity.ending import end, end_devices
from app.identity.errors import TokenRefused
from app.identity.events import WayInChanged
from app.identity.models import Account, SessionFamily
from app.identity.organisations.queries import right_of

Platform = Literal["ios", "android", "h5", "wechat", "alipay"]

#: A device that stays away this long must sign in again.
IDLE_LIFE = timedelta(days=60)
#: A session at a door ends after a shift, however busy the door.
SHIFT = timedelta(hours=8)
#: A lost answer to a refresh may be asked for again this long.
REPEAT_WINDOW = timedelta(seconds=30)
#: How long an ended session is kept for questions about it.
KEEP_ENDED = timedelta(days=90)


@dataclass(frozen=True)
class Device:
    """The device somebody signs in with."""

    id: str
    name: str
    platform: Platform
    #: As `device_keys.normalise` gives it.
    public_key: str | None = None
    #: What the person signs in for.
    use: SessionUse = "citizen"
    #: How long the session lives at most; None where use prolongs it.
    lasts: timedelta | None = None


@dataclass(frozen=True)
class Granted:
    """A session was opened or continued."""

    access_token: str
    refresh_token: str
    account_id: uuid.UUID
    level: Level
    platform: Platform
    use: SessionUse
    #: When it ends however much it is used; None where use prolongs it.
    ends_at: datetime | None
    #: The organisation the session acts for; None for oneself.
    organisation_id: uuid.UUID | None
    #: The account waited to be closed, and goes on because of this sign-in.
    closure_withdrawn: bool = False


@dataclass(frozen=True)
class Refused:
    """No session; what was learnt from the attempt is to be committed."""

    error: DomainError


def open_session(
    session: Session, account: Account, device: Device, *, proved: bool = False
) -> Granted:
    """Sign `device` in. An older session of the same device ends. Raises `AccountMoved`.

    `proved`: whose account it is was shown just now by more than the phone.
    """
    at = clock.now()
    # Locks the account: one sign-in at a time, so that a device has one open session.
    came_back = welcome(session, account, at)
    unproved = not proved and must_prove(session, account, device.id, at)
    end_devices(session, account.id, {device.id}, "replaced")
    session.flush()
    family_id = new_id()
    lasts = SHIFT if device.use == "verifier" else device.lasts
    family = SessionFamily(
        id=family_id,
        account_id=account.id,
        device_id=device.id,
        device_name_sealed=crypto.seal(session.core.keys, _name_field(family_id), device.name),
        platform=device.platform,
        use=device.use,
        public_key=device.public_key,
        generation=0,
        rotated_at=at,
        created_at=at,
        expires_at=at + (lasts or IDLE_LIFE),
        ends_at=at + lasts if lasts else None,
        face_until=None,
        organisation_id=None,
        unproved=unproved,
        ended_at=None,
        ended_because=None,
    )
    session.add(family)
    granted = _grant(session, account, family, at)
    return replace(granted, closure_withdrawn=came_back)


def authenticate(session: Session, token: str) -> Actor:
    """The actor of an access token whose session has not been ended. Raises `TokenRefused`.

    Revocation is known from memory; when that is older than it may be, PostgreSQL is asked. The level
    face is always asked about.
    """
    actor = tokens.read_access(session.core.keys, token)
    fresh = session.core.freshness
    if fresh.changed("session", str(actor.session_id)):
        raise TokenRefused
    if fresh.stale and not _is_open(session, actor):
        raise TokenRefused
    return _while_agreed(session, actor) if actor.level == "face" else actor


def refresh(session: Session, text: str, proof: str | None = None) -> Granted | Refused:
    """Exchange a refresh token for its successor, under a lock on the family.

    A device that gave its key must prove that it still has it, or the token is worth nothing here, not
    even to end the session. The token just replaced gets the same successor again for REPEAT_WINDOW; an
    older one proves a copy: the family dies and its owner is told. That outcome is returned, so that it
    is committed.
    """
    presented = tokens.read_refresh(session.core.keys, text)
    at = clock.now()
    family = session.get(SessionFamily, presented.family_id, with_for_update=True)
    if family is None or family.ended_at is not None or family.expires_at <= at:
        return Refused(TokenRefused())
    if family.public_key and not device_keys.proves(family.public_key, text, proof):
        return Refused(TokenRefused())
    account = session.get_one(Account, family.account_id)
    if presented.generation >= family.generation:
        # A later generation is ours too: the database was set back (a standby took over).
        family.generation = presented.generation + 1
        family.rotated_at = at
        if family.ends_at is None:
            family.expires_at = at + IDLE_LIFE
        return _grant(session, account, family, at)
    repeated = presented.generation == family.generation - 1
    if repeated and at - family.rotated_at <= REPEAT_WINDOW:
        return _grant(session, account, family, at)
    end(session, family, "reuse")
    metrics.REFRESH_REUSED.labels("citizen").inc()
    told = WayInChanged(str(new_id()), str(family.account_id), "session_copied")
    events.record(session, told)
    return Refused(TokenRefused())


def grant_anew(session: Session, actor: Actor) -> str:
    """An access token that carries the present level, person and organisation."""
    account = session.get_one(Account, actor.account)
    family = session.get_one(SessionFamily, _session_id(actor))
    at = clock.now()
    return tokens.issue_access(session.core.keys, _actor(account, family, at), at)


def end_session(session: Session, actor: Actor, family_id: uuid.UUID) -> None:
    """Sign one of my devices out. Another person's session is unknown: `NotFound`."""
    mine = select(SessionFamily).where(
        SessionFamily.id == family_id,
        SessionFamily.account_id == actor.account,
        SessionFamily.ended_at.is_(None),
    )
    family = session.scalar(mine.with_for_update())
    if family is None:
        raise NotFound
    end(session, family, "signed_out" if family_id == actor.session_id else "remote")


def device_of(session: Session, actor: Actor) -> Device:
    """The device the actor is signed in with."""
    family = session.get_one(SessionFamily, _session_id(actor))
    name = device_name(session, family)
    return Device(family.device_id, name, family.platform, family.public_key)  # type: ignore[arg-type]


def note_proof(session: Session, actor: Actor) -> None:
    """The actor has proved anew that the account is theirs."""
    session.get_one(SessionFamily, _session_id(actor)).unproved = False


def open_families(session: Session, actor: Actor) -> list[SessionFamily]:
    """My signed-in devices, latest first."""
    mine = select(SessionFamily).where(
        SessionFamily.account_id == actor.account,
        SessionFamily.ended_at.is_(None),
        SessionFamily.expires_at > clock.now(),
    )
    return list(session.scalars(mine.order_by(SessionFamily.rotated_at.desc()).limit(100)))


def forget_old(session: Session) -> int:
    """Delete sessions that ended or expired ninety days ago. Returns how many."""
    long_ago = clock.now() - KEEP_ENDED
    old = delete(SessionFamily).where(
        or_(SessionFamily.ended_at < long_ago, SessionFamily.expires_at < long_ago)
    )
    return session.connection().execute(old).rowcount


def device_name(session: Session, family: SessionFamily) -> str:
    """What the person calls the device."""
    return crypto.unseal(session.core.keys, _name_field(family.id), family.device_name_sealed)


def _grant(session: Session, account: Account, family: SessionFamily, at: datetime) -> Granted:
    keys = session.core.keys
    _leave_lost_organisation(session, account, family)
    actor = _actor(account, family, at)
    return Granted(
        access_token=tokens.issue_access(keys, actor, at),
        refresh_token=tokens.derive_refresh(keys, family.id, family.generation),
        account_id=account.id,
        level=actor.level or "phone",
        platform=family.platform,  # type: ignore[arg-type]  # written from Device only
        use=actor.use,
        ends_at=family.ends_at,
        organisation_id=actor.organisation_id,
    )


def _leave_lost_organisation(session: Session, account: Account, family: SessionFamily) -> None:
    """A session goes on acting for an organisation only while it may."""
    if family.organisation_id is None:
        return
    person = account.person_id
    if person is None or right_of(session, person, family.organisation_id) is None:
        family.organisation_id = None


def _actor(account: Account, family: SessionFamily, at: datetime) -> Actor:
    if family.unproved:
        return Actor(
            "citizen",
            citizen_id=account.id,
            session_id=family.id,
            use=family.use,  # type: ignore[arg-type]  # the column's check holds it
            level="phone",
            unproved=True,
        )
    shown = account.person_id is not None and family.face_until and family.face_until > at
    return Actor(
        "citizen",
        citizen_id=account.id,
        person_id=account.person_id,
        session_id=family.id,
        use=family.use,  # type: ignore[arg-type]  # the columns' checks hold both to their types
        level="face" if shown else account.level,  # type: ignore[arg-type]
        level_until=family.face_until if shown else None,
        organisation_id=family.organisation_id,
    )


def _session_id(actor: Actor) -> uuid.UUID:
    if actor.session_id is None:
        raise TokenRefused
    return actor.session_id


def _while_agreed(session: Session, actor: Actor) -> Actor:
    """The actor without the level face if the consent to it was withdrawn since the token was made.

    Few have this level, and only for a while: their session's row is looked at each time.
    """
    until = session.scalar(
        select(SessionFamily.face_until).where(SessionFamily.id == actor.session_id)
    )
    if until is not None and until > clock.now():
        return actor
    return replace(actor, level="real_name", level_until=None)


def _is_open(session: Session, actor: Actor) -> bool:
    is_open = select(SessionFamily.id).where(
        SessionFamily.id == actor.session_id, SessionFamily.ended_at.is_(None)
    )
    return session.scalar(is_open) is not None


def _name_field(family_id: uuid.UUID) -> crypto.Field:
    return crypto.Field("session_families", "device_name_sealed", family_id)
