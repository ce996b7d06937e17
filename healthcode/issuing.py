"""From a declaration to a status: store, ask the health authority, decide."""

import json
import uuid
from dataclasses import asdict

from app.audit import services as audit
from app.audit.services import for_person
from app.connectors.exchange import HealthAuthority
from app.core import clock, crypto, limits
from app.core.db import Session, phases
from app.core.http import PartyUnavailable
from app.core.ids import new_id
from app.core.jobs import defer
from app.core.limits import Quota
from app.core.types import Actor
from app.family import uses
from app.family.people import demand_own_hands
from app.family.queries import Reached, reach
from app.identity.queries import IdentityDocument, identity_document
from app.privacy import consents
from healthcode.deciding import PURPOSE, Answers, decide, sealed_answers
from healthcode.evidence import Answered, keep_answer
from healthcode.models import HealthDeclaration, HealthStatus

#: The job that asks again, and its queue: a slow authority holds up nothing else.
ASK = "healthcode.ask_authority"
QUEUE = "authority"
#: Each one is kept for good and asks the authority.
DECLARATIONS_AN_HOUR = Quota("declarations_hour", 20, 3_600)


def declare(
    session: Session,
    authority: HealthAuthority,
    actor: Actor,
    answers: Answers,
    subject_id: uuid.UUID | None = None,
) -> HealthStatus | None:
    """Declare for myself, or for a child as guardian. The status is grey until the authority answered.

    Raises `NotFound` for anybody else, `GuardianActs` for a child below fourteen.

    It is decided before the question too, so that a process that dies while waiting leaves a status
    that says what is missing, and the sweep asks again.
    """

    def prepare() -> tuple[uuid.UUID, IdentityDocument]:
        limits.consume(session, DECLARATIONS_AN_HOUR, str(actor.person))
        reached = _declared_for(session, actor, subject_id)
        _store(session, actor, reached, answers)
        decide(session, reached.person_id)
        return reached.person_id, identity_document(session, reached.person_id)

    def call(subject: tuple[uuid.UUID, IdentityDocument]) -> Answered | None:
        try:
            return _ask(authority, subject[1])
        except PartyUnavailable:
            return None

    def apply(
        subject: tuple[uuid.UUID, IdentityDocument], answered: Answered | None
    ) -> HealthStatus | None:
        person_id = subject[0]
        if answered is None:
            defer(session, ASK, queue=QUEUE, person_id=str(person_id))
        else:
            keep_answer(session, person_id, answered)
        return decide(session, person_id)

    return phases(session, prepare=prepare, call=call, apply=apply)


def ask_again(
    session: Session, authority: HealthAuthority, person_id: uuid.UUID
) -> HealthStatus | None:
    """Ask the authority about somebody and decide. Raises `PartyUnavailable`; safe to repeat."""

    def apply(_: IdentityDocument, answered: Answered) -> HealthStatus | None:
        keep_answer(session, person_id, answered)
        return decide(session, person_id)

    return phases(
        session,
        prepare=lambda: identity_document(session, person_id),
        call=lambda document: _ask(authority, document),
        apply=apply,
    )


def take_back(session: Session, actor: Actor, subject_id: uuid.UUID | None) -> None:
    """No longer agree to my code, or to that of a child as guardian: it ends. Raises `NotFound`."""
    reached = reach(session, actor, subject_id, "declare_code")
    if reached.mandate_id is None:
        consents.withdraw(session, actor, PURPOSE, "declaration")
        return
    consents.withdraw_for(session, actor, PURPOSE, "declaration", reached.person_id)
    act = for_person(actor, "healthcode.take_back_for", reached.person_id)
    audit.record(session, act)


def _declared_for(session: Session, actor: Actor, subject_id: uuid.UUID | None) -> Reached:
    reached = reach(session, actor, subject_id, "declare_code")
    if reached.mandate_id is None:
        demand_own_hands(session, actor)
        return reached
    uses.record(session, reached.mandate_id, "health_declared")
    act = for_person(actor, "healthcode.declare_for", reached.person_id)
    audit.record(session, act)
    return reached


def _store(session: Session, actor: Actor, reached: Reached, answers: Answers) -> None:
    # Who declares agrees: the notice stands above the declaration.
    child = reached.person_id if reached.mandate_id else None
    consents.given_by_act(session, actor, PURPOSE, "declaration", child)
    row_id = new_id()
    text = json.dumps(asdict(answers))
    session.add(
        HealthDeclaration(
            id=row_id,
            person_id=reached.person_id,
            account_id=actor.account,
            declared_at=clock.now(),
            answers_sealed=crypto.seal(session.core.keys, sealed_answers(row_id), text),
        )
    )
    session.flush()


def _ask(authority: HealthAuthority, document: IdentityDocument) -> Answered:
    asked_at = clock.now()
    return Answered(asked_at, authority.records(*document.asked))
