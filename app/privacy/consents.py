"""Agreeing to a purpose, withdrawing, and asking whether somebody agreed."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select

from app.core import clock, events
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.types import Actor
from app.privacy.errors import ConsentNotAsked, ConsentRequired, NoticeOutdated
from app.privacy.events import ConsentWithdrawn
from app.privacy.models import ConsentEvent
from app.privacy.registered import Purpose, current


@dataclass(frozen=True)
class Standing:
    """A purpose and whether somebody agreed to it."""

    purpose: Purpose
    #: The consent that stands; None when there is none.
    given: ConsentEvent | None

    @property
    def outdated(self) -> bool:
        """Whether they agreed to an older notice."""
        return self.given is not None and self.given.notice_version < self.purpose.version


def require(session: Session, actor: Actor, purpose: str) -> None:
    """Go on only if the actor agreed to the present notice. Raises `ConsentRequired`."""
    wanted = current()[purpose]
    latest = _latest(session, actor, purpose)
    if latest is None or latest.act != "given" or latest.notice_version < wanted.version:
        raise ConsentRequired(purpose=purpose, notice_version=wanted.version)


def give(
    session: Session, actor: Actor, purpose: str, notice_version: int, channel: str
) -> Standing:
    """Record that the actor agrees to this notice. Safe to repeat.

    Raises `NotFound`, `ConsentNotAsked`, `NoticeOutdated`.
    """
    wanted = demand_present(purpose, notice_version)
    return Standing(wanted, _given(session, actor, wanted, channel))


def demand_present(purpose: str, notice_version: int) -> Purpose:
    """Go on only with the present notice. Raises `NotFound`, `ConsentNotAsked`, `NoticeOutdated`."""
    wanted = _asked(purpose)
    if notice_version != wanted.version:
        raise NoticeOutdated(purpose=purpose, notice_version=wanted.version)
    return wanted


def given_by_act(
    session: Session, actor: Actor, purpose: str, channel: str, child_id: uuid.UUID | None = None
) -> None:
    """Record a consent that lies in what the actor does, such as a declaration.

    `child_id`: the child whose guardian the actor is, and for whom they agree.
    """
    wanted = current()[purpose]
    if child_id is None:
        _given(session, actor, wanted, channel)
    else:
        _add(session, actor, wanted, ("given", channel), child_id)


def withdraw_for(
    session: Session, actor: Actor, purpose: str, channel: str, child_id: uuid.UUID
) -> None:
    """A guardian no longer agrees for their child, whichever guardian had agreed. Safe to repeat."""
    latest = select(ConsentEvent).where(
        ConsentEvent.child_id == child_id, ConsentEvent.purpose == purpose
    )
    last = session.scalar(latest.order_by(ConsentEvent.id.desc()).limit(1))
    if last is None or last.act == "withdrawn":
        return
    _add(session, actor, _asked(purpose), ("withdrawn", channel), child_id)
    events.record(session, ConsentWithdrawn(purpose, str(actor.account), str(child_id)))


def withdraw(session: Session, actor: Actor, purpose: str, channel: str) -> None:
    """The actor no longer agrees, from now on. Safe to repeat. Raises `NotFound`, `ConsentNotAsked`."""
    wanted = _asked(purpose)
    latest = _latest(session, actor, purpose)
    if latest is None or latest.act == "withdrawn":
        return
    _add(session, actor, wanted, ("withdrawn", channel))
    if actor.citizen_id is None:
        # Nothing lasting rests on what somebody without an account agreed to.
        return
    person = str(actor.person_id) if actor.person_id else ""
    events.record(session, ConsentWithdrawn(purpose, str(actor.account), person))


def withdrawn_since(
    session: Session,
    account_id: uuid.UUID | None,
    purpose: str,
    moment: datetime,
    child_id: uuid.UUID | None = None,
) -> bool:
    """Whether the account withdrew for itself after `moment`, or a guardian did for this child."""
    own = and_(
        ConsentEvent.account_id == account_id,
        ConsentEvent.person_id.is_(None),
        ConsentEvent.child_id.is_(None),
    )
    by = own if child_id is None else or_(own, ConsentEvent.child_id == child_id)
    later = select(ConsentEvent.id).where(
        by,
        ConsentEvent.purpose == purpose,
        ConsentEvent.act == "withdrawn",
        ConsentEvent.at > moment,
    )
    return session.scalar(later.limit(1)) is not None


def standings(session: Session, actor: Actor) -> list[Standing]:
    """Every purpose that asks for consent, and whether the actor agreed."""
    # Few purposes ask, so one small look at the index for each is the plainest.
    asked = [purpose for purpose in current().values() if purpose.asks_consent]
    latest = [_latest(session, actor, purpose.code) for purpose in asked]
    return [
        Standing(purpose, row if row and row.act == "given" else None)
        for purpose, row in zip(asked, latest, strict=True)
    ]


def _asked(purpose: str) -> Purpose:
    known = current().get(purpose)
    if known is None:
        raise NotFound
    if not known.asks_consent:
        raise ConsentNotAsked
    return known


def _given(session: Session, actor: Actor, purpose: Purpose, channel: str) -> ConsentEvent:
    latest = _latest(session, actor, purpose.code)
    stands = latest and latest.act == "given" and latest.notice_version == purpose.version
    # Without an account it is said each time anew.
    if latest and stands and actor.citizen_id is not None:
        return latest
    return _add(session, actor, purpose, ("given", channel))


def _add(
    session: Session,
    actor: Actor,
    purpose: Purpose,
    how: tuple[str, str],
    child_id: uuid.UUID | None = None,
) -> ConsentEvent:
    act, channel = how
    row = ConsentEvent(
        id=new_id(),
        account_id=actor.citizen_id,
        person_id=actor.person_id if actor.citizen_id is None else None,
        child_id=child_id,
        purpose=purpose.code,
        notice_version=purpose.version,
        act=act,
        at=clock.now(),
        channel=channel,
        session_id=actor.session_id,
        evidence=purpose.digest,
    )
    session.add(row)
    session.flush()
    return row


def _latest(session: Session, actor: Actor, purpose: str) -> ConsentEvent | None:
    """What the actor said last: as an account, or as a person without one."""
    if actor.citizen_id is None:
        own = ConsentEvent.person_id == actor.person
    else:
        own = ConsentEvent.account_id == actor.account
    mine = select(ConsentEvent).where(
        own,
        ConsentEvent.purpose == purpose,
        ConsentEvent.child_id.is_(None),
    )
    return session.scalar(mine.order_by(ConsentEvent.id.desc()).limit(1))
