"""From a declaration to a status: store, ask the health authority, decide."""

import json
import uuid
from dataclasses import asdict

from app.connectors.exchange import HealthAuthority
from app.core import clock, crypto, limits
from app.core.db import Session, phases
from app.core.http import PartyUnavailable
from app.core.ids import new_id
from app.core.jobs import defer
from app.core.limits import Quota
from app.core.types import Actor
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
    session: Session, authority: HealthAuthority, actor: Actor, answers: Answers
) -> HealthStatus | None:
    """Declare for myself. The status is grey until the authority has answered.

    It is decided before the question too, so that a process that dies while waiting leaves a status
    that says what is missing, and the sweep asks again.
    """

    def prepare() -> IdentityDocument:
        limits.consume(session, DECLARATIONS_AN_HOUR, str(actor.person))
        _store(session, actor, answers)
        decide(session, actor.person)
        return identity_document(session, actor.person)

    def call(document: IdentityDocument) -> Answered | None:
        try:
            return _ask(authority, document)
        except PartyUnavailable:
            return None

    def apply(_: IdentityDocument, answered: Answered | None) -> HealthStatus | None:
        if answered is None:
            defer(session, ASK, queue=QUEUE, person_id=str(actor.person))
        else:
            keep_answer(session, actor.person, answered)
        return decide(session, actor.person)

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


def _store(session: Session, actor: Actor, answers: Answers) -> None:
    # Who declares agrees: the notice stands above the declaration.
    consents.given_by_act(session, actor, PURPOSE, "declaration")
    row_id = new_id()
    text = json.dumps(asdict(answers))
    session.add(
        HealthDeclaration(
            id=row_id,
            person_id=actor.person,
            account_id=actor.account,
            declared_at=clock.now(),
            answers_sealed=crypto.seal(session.core.keys, sealed_answers(row_id), text),
        )
    )
    session.flush()


def _ask(authority: HealthAuthority, document: IdentityDocument) -> Answered:
    asked_at = clock.now()
    return Answered(asked_at, authority.records(*document.asked))
