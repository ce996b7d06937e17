"""Asking for a mandate, answering it, ending it."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError

from app.audit import services as audit
from app.audit.services import act_of
from app.core import clock, crypto, events, limits
from app.core.db import Session
from app.core.errors import InvalidInput, NotFound
from app.core.ids import new_id
from app.core.limits import Quota
from app.core.types import Actor
from app.family import people
from app.family.errors import GuardianshipStands, MandateExists, MandateNotOpen
from app.family.events import MandateMoved
from app.family.models import Mandate
from app.family.queries import Shown, mandate_of
from app.family.states import LIVING, MandateMoveRefused, as_of, move
from app.identity.real_name import Claim, document_index

ASKED_A_DAY = Quota("mandate_asked_day", 10, 86_400)
LONGEST_YEARS = 5
#: How many mandates one transaction of the sweep ends.
BATCH = 1_000


@dataclass(frozen=True)
class Terms:
    """What the mandate is for, and its last day."""

    relation: str
    scopes: tuple[str, ...]
    until: date


def ask_mandate(session: Session, actor: Actor, principal: Claim, terms: Terms) -> Mandate:
    """Record that the actor wants to act for somebody, who need not be known to us.

    Nothing here looks for that person, so the answer tells nothing of them. Raises `InvalidInput`,
    `MandateExists`, `TooManyRequests` (10 a day).
    """
    _check_until(terms.until)
    people.demand_own_hands(session, actor)
    limits.consume(session, ASKED_A_DAY, str(actor.person))
    index = document_index(session, principal.document.type, principal.document.number)
    if index == people.myself(session, actor).index:
        message = "不能为自己设立授权。 A mandate is for somebody else."
        raise InvalidInput(fields={"document_number": [message]})
    end_overdue(session, actor, index)
    mandate = requested(session, actor, principal, terms)
    add_living(session, mandate)
    _audit(session, actor, "family.ask_mandate", mandate)
    tell(session, mandate, "asked")
    return mandate


def add_living(session: Session, mandate: Mandate) -> None:
    """Store a mandate unless the pair has a living one. Raises `MandateExists`."""
    try:
        with session.begin_nested():
            session.add(mandate)
    except IntegrityError as error:
        diagnosis = getattr(error.orig, "diag", None)
        if getattr(diagnosis, "constraint_name", None) == "uq_mandates_living":
            raise MandateExists from None
        raise


def tell(session: Session, mandate: Mandate, to: str) -> None:
    """Let both sides know that it was asked, confirmed or ended."""
    session.flush()
    events.record(session, MandateMoved(str(mandate.id), to))


def accept_mandate(session: Session, actor: Actor, mandate_id: uuid.UUID) -> Shown:
    """The principal, and nobody else, agrees. Raises `NotFound`, `MandateNotOpen`."""
    shown = _asked_of(session, actor, mandate_id)
    people.demand_own_hands(session, actor)
    activate(shown.mandate, actor.person, "account")
    tell(session, shown.mandate, "confirmed")
    _audit(session, actor, "family.accept_mandate", shown.mandate)
    return shown


def decline_mandate(session: Session, actor: Actor, mandate_id: uuid.UUID) -> Shown:
    """The principal says no. Raises `NotFound`, `MandateNotOpen`."""
    shown = _asked_of(session, actor, mandate_id)
    decline(session, shown.mandate)
    _audit(session, actor, "family.decline_mandate", shown.mandate)
    return shown


def revoke_mandate(session: Session, actor: Actor, mandate_id: uuid.UUID) -> None:
    """Either side ends it at once; what has ended already stays as it is.

    Raises `NotFound`, `GuardianshipStands` for a child.
    """
    shown = mandate_of(session, actor, mandate_id)
    if shown.status not in LIVING:
        return
    if shown.side == "principal" and shown.mandate.guardian_as is not None:
        raise GuardianshipStands
    revoke(session, shown.mandate, shown.side)
    _audit(session, actor, "family.revoke_mandate", shown.mandate)


def expire_overdue(session: Session) -> int:
    """Store the end of up to `BATCH` mandates whose last day is over. Answers how many.

    Nothing relies on it: every use looks at the last day itself.
    """
    overdue = (
        select(Mandate.id)
        .where(Mandate.status.in_(LIVING), Mandate.until < clock.legal_today())
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    return _expire(session, Mandate.id.in_(overdue))


def _asked_of(session: Session, actor: Actor, mandate_id: uuid.UUID) -> Shown:
    shown = mandate_of(session, actor, mandate_id)
    if shown.side != "principal":
        raise NotFound
    return shown


def activate(mandate: Mandate, person_id: uuid.UUID, how: str) -> None:
    """The mandate, its row locked or new, is good from now on. Raises `MandateNotOpen`."""
    _move(mandate, "accept")
    mandate.principal_person_id = person_id
    mandate.accepted_at = clock.now()
    mandate.confirmed_how = how


def decline(session: Session, mandate: Mandate) -> None:
    """End a pending mandate, its row locked, as its principal says. Raises `MandateNotOpen`."""
    _move(mandate, "decline")
    _end(session, mandate, "principal")


def revoke(session: Session, mandate: Mandate, by: str) -> None:
    """End a living mandate, its row locked, before its last day. Raises `MandateNotOpen`."""
    _move(mandate, "revoke")
    _end(session, mandate, by)


def _move(mandate: Mandate, by: str) -> None:
    try:
        mandate.status = move(as_of(mandate.status, mandate.until, clock.legal_today()), by)
    except MandateMoveRefused:
        raise MandateNotOpen from None


def _end(session: Session, mandate: Mandate, by: str) -> None:
    mandate.ended_at = clock.now()
    mandate.ended_by = by
    tell(session, mandate, "ended")


def end_overdue(session: Session, actor: Actor, index: bytes) -> None:
    """A mandate that is over does not stand in the way of a new one, swept or not."""
    _expire(
        session,
        Mandate.holder_person_id == actor.person,
        Mandate.principal_index == index,
        Mandate.status.in_(LIVING),
        Mandate.until < clock.legal_today(),
    )


def _expire(session: Session, *which: ColumnElement[bool]) -> int:
    over = update(Mandate).values(
        status=move("active", "expire"), ended_at=clock.now(), ended_by="system"
    )
    ended = session.scalars(over.where(*which).returning(Mandate.id)).all()
    for mandate_id in ended:
        events.record(session, MandateMoved(str(mandate_id), "ended"))
    return len(ended)


def requested(session: Session, actor: Actor, principal: Claim, terms: Terms) -> Mandate:
    """A new mandate that waits to be confirmed, not stored yet."""
    row, keys = new_id(), session.core.keys
    name = crypto.Field("mandates", "principal_name_sealed", row)
    document = crypto.Field("mandates", "principal_document_sealed", row)
    return Mandate(
        id=row,
        number=f"SQ{clock.legal_today():%Y%m%d}{secrets.randbelow(10**10):010d}",
        holder_account_id=actor.account,
        holder_person_id=actor.person,
        principal_index=document_index(session, principal.document.type, principal.document.number),
        principal_document_type=principal.document.type,
        principal_name_sealed=crypto.seal(keys, name, principal.name),
        principal_document_sealed=crypto.seal(keys, document, principal.document.number),
        principal_person_id=None,
        relation=terms.relation,
        scopes=sorted(set(terms.scopes)),
        until=terms.until,
        status="pending",
        created_at=clock.now(),
        accepted_at=None,
        ended_at=None,
        ended_by=None,
    )


def _check_until(until: date) -> None:
    today = clock.legal_today()
    if not today < until <= _years_after(today, LONGEST_YEARS):
        message = "须晚于今天且不超过五年。 Must lie after today and within five years."
        raise InvalidInput(fields={"until": [message]})


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        # 29 February.
        return day.replace(year=day.year + years, day=28)


def _audit(session: Session, actor: Actor, action: str, mandate: Mandate) -> None:
    subject = mandate.principal_person_id
    audit.record(session, act_of(actor, action, subject_id=subject, object_id=mandate.id))
