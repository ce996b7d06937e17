"""Letting a person act for an organisation: asking, answering, ending."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Update, select, update
from sqlalchemy.exc import IntegrityError

from app.audit import services as audit
from app.audit.services import act_of
from app.core import clock, crypto, limits
from app.core.db import Session
from app.core.errors import InvalidInput, NotFound
from app.core.ids import new_id
from app.core.limits import Quota
from app.core.types import Actor
from app.identity.models import Person
from app.identity.organisations.errors import OperatorExists, OperatorNotOpen, ScopeRequired
from app.identity.organisations.models import Operator
from app.identity.organisations.queries import Right, name_field, operator_name, right_to
from app.identity.organisations.states import LIVING, OperatorMoveRefused, as_of, move
from app.identity.queries import identity_document
from app.identity.real_name import Claim, document_index

ASKED_A_DAY = Quota("operator_asked_day", 50, 86_400)
LONGEST = timedelta(days=3 * 366)
MANAGE = "manage_operators"
#: How many authorisations one transaction of the sweep ends.
BATCH = 1_000


@dataclass(frozen=True)
class Terms:
    """What the operator may do, and the last day."""

    scopes: tuple[str, ...]
    until: date


def add_operator(
    session: Session, actor: Actor, organisation_id: uuid.UUID, operator: Claim, terms: Terms
) -> Operator:
    """Ask somebody to act for the organisation; they need not be known to us.

    Nothing here looks for that person, so the answer tells nothing of them. Only the legal
    representative lets others manage operators. Raises `NotFound`, `ScopeRequired`, `InvalidInput`,
    `OperatorExists`, `TooManyRequests` (50 a day).
    """
    right = right_to(session, actor, organisation_id, MANAGE)
    if MANAGE in terms.scopes and right.role != "legal_representative":
        raise ScopeRequired(scope="legal_representative")
    _refuse_longer_than_own(right, terms)
    _check_until(terms.until)
    limits.consume(session, ASKED_A_DAY, str(organisation_id))
    index = document_index(session, operator.document.type, operator.document.number)
    _refuse_insiders(session, actor, right, index)
    _end_overdue(session, organisation_id, index)
    row = _pending(session, actor, organisation_id, operator, terms)
    row.person_index = index
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        diagnosis = getattr(error.orig, "diag", None)
        if getattr(diagnosis, "constraint_name", None) == "uq_organisation_operators_living":
            raise OperatorExists from None
        raise
    _note(session, actor, "identity.add_operator", row)
    return row


def _refuse_longer_than_own(right: Right, terms: Terms) -> None:
    """An operator lets others act no longer than they may themselves."""
    if right.until is not None and terms.until > right.until:
        message = f"不能晚于您自己的授权期限（{right.until}）。 Not beyond your own last day."
        raise InvalidInput(fields={"until": [message]})


def accept(session: Session, actor: Actor, operator_id: uuid.UUID) -> Operator:
    """The person asked, and nobody else, agrees. Raises `NotFound`, `OperatorNotOpen`."""
    row = _asked_of(session, actor, operator_id)
    _move(row, "accept")
    row.person_id, row.accepted_at = actor.person, clock.now()
    _note(session, actor, "identity.accept_operator", row)
    return row


def decline(session: Session, actor: Actor, operator_id: uuid.UUID) -> Operator:
    """The person asked says no. Raises `NotFound`, `OperatorNotOpen`."""
    row = _asked_of(session, actor, operator_id)
    _move(row, "decline")
    _end(row, "operator")
    _note(session, actor, "identity.decline_operator", row)
    return row


def end_operator(
    session: Session, actor: Actor, organisation_id: uuid.UUID, operator_id: uuid.UUID
) -> None:
    """The organisation, or the operator, ends it at once; what has ended stays as it is.

    Raises `NotFound`, `ScopeRequired`.
    """
    row = _locked(session, operator_id)
    own = row is not None and row.person_id == actor.person
    if not own:
        right_to(session, actor, organisation_id, MANAGE)
    if row is None or row.organisation_id != organisation_id:
        raise NotFound
    if as_of(row.status, row.until, clock.legal_today()) not in LIVING:
        return
    _move(row, "end")
    _end(row, "operator" if own else "organisation")
    _note(session, actor, "identity.end_operator", row)


def expire_overdue(session: Session) -> int:
    """Store the end of up to `BATCH` authorisations whose last day is over. Answers how many.

    Nothing relies on it: every use looks at the last day itself.
    """
    overdue = (
        select(Operator.id)
        .where(Operator.status.in_(LIVING), Operator.until < clock.legal_today())
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    return session.connection().execute(_expiry().where(Operator.id.in_(overdue))).rowcount


def _locked(session: Session, operator_id: uuid.UUID) -> Operator | None:
    row = select(Operator).where(Operator.id == operator_id).with_for_update()
    return session.scalar(row.execution_options(populate_existing=True))


def _asked_of(session: Session, actor: Actor, operator_id: uuid.UUID) -> Operator:
    """The authorisation, if it is asked of the actor: same number, same name."""
    row = _locked(session, operator_id)
    if row is None:
        raise NotFound
    document = identity_document(session, actor.person)
    index = document_index(session, document.document_type, document.document_number)
    if row.person_index != index or operator_name(session, row) != document.name:
        raise NotFound
    return row


def _refuse_insiders(session: Session, actor: Actor, right: Right, index: bytes) -> None:
    mine = session.get_one(Person, actor.person).document_index
    if index in (mine, right.organisation.representative_index):
        message = "不能授权本人或法定代表人。 Not for yourself or the legal representative."
        raise InvalidInput(fields={"document_number": [message]})


def _pending(
    session: Session, actor: Actor, organisation_id: uuid.UUID, operator: Claim, terms: Terms
) -> Operator:
    row_id = new_id()
    return Operator(
        id=row_id,
        organisation_id=organisation_id,
        name_sealed=crypto.seal(session.core.keys, name_field(row_id), operator.name),
        person_id=None,
        scopes=sorted(set(terms.scopes)),
        until=terms.until,
        status="pending",
        granted_by=actor.person,
        created_at=clock.now(),
        accepted_at=None,
        ended_at=None,
        ended_by=None,
    )


def _move(row: Operator, by: str) -> None:
    try:
        row.status = move(as_of(row.status, row.until, clock.legal_today()), by)
    except OperatorMoveRefused:
        raise OperatorNotOpen from None


def _end(row: Operator, by: str) -> None:
    row.ended_at, row.ended_by = clock.now(), by


def _end_overdue(session: Session, organisation_id: uuid.UUID, index: bytes) -> None:
    """An authorisation that is over does not stand in the way of a new one, swept or not."""
    session.execute(
        _expiry().where(
            Operator.organisation_id == organisation_id,
            Operator.person_index == index,
            Operator.status.in_(LIVING),
            Operator.until < clock.legal_today(),
        )
    )


def _expiry() -> Update:
    ended = move("active", "expire")
    return update(Operator).values(status=ended, ended_at=clock.now(), ended_by="system")


def _check_until(until: date) -> None:
    today = clock.legal_today()
    if not today < until <= today + LONGEST:
        message = "须晚于今天且不超过三年。 Must lie after today and within three years."
        raise InvalidInput(fields={"until": [message]})


def _note(session: Session, actor: Actor, action: str, row: Operator) -> None:
    """For the organisation, also when its representative did not switch to acting for it."""
    act = act_of(actor, action, subject_id=row.person_id, object_id=row.id)
    audit.record(session, audit.for_organisation(act, row.organisation_id))
