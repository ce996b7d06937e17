"""The only place where a status is written: facts in the database, rules, one current status."""

import hashlib
import json
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.core import clock, crypto, freshness
from app.core.db import Session
from app.identity.queries import account_of
from app.privacy import consents
from healthcode import queries, rulebook, snapshots
from healthcode.colours import Case, Declaration, Evidence, Reason, evaluate
from healthcode.models import AuthorityAnswer, HealthDeclaration, HealthEvidence, HealthStatus

#: What people agree to when they declare.
PURPOSE = "health_code"
#: Two statuses that agree in all of these are one decision.
_OUTCOME = (
    "state",
    "colour",
    "reasons",
    "rule_set",
    "declaration_id",
    "evidence_ids",
    "authority_answered",
    "valid_until",
)


@dataclass(frozen=True)
class Answers:
    """What somebody declares of themselves, as sealed in the declaration's row."""

    temperature_c: float
    symptoms: list[str]
    contact: str
    risk_area: str


def sealed_answers(row_id: uuid.UUID) -> crypto.Field:
    """Where a declaration's answers are sealed."""
    return crypto.Field("health_declarations", "answers_sealed", row_id)


def decide(session: Session, person_id: uuid.UUID) -> HealthStatus | None:
    """Bring the person's status in line with the facts; None when nothing was declared, or agreed to.

    Takes the person's lock until the commit. Deciding again on the same facts changes nothing.
    """
    session.execute(select(func.pg_advisory_xact_lock(_lock_number(person_id))))
    now = clock.now()
    made = _made(session, person_id, now)
    current = queries.current_status(session, person_id)
    if made is None or (current is not None and _same(current, made)):
        return current
    if current is not None:
        current.replaced_at = now
        session.flush()
    made.version = _next_version(session, person_id)
    session.add(made)
    session.flush()
    _announce(session, person_id)
    return made


def end_status(session: Session, person_id: uuid.UUID) -> None:
    """The person no longer agrees to a health code: there is none until they declare anew.

    Takes the person's lock until the commit. Safe to repeat, and late: a newer declaration stays.
    """
    session.execute(select(func.pg_advisory_xact_lock(_lock_number(person_id))))
    current = queries.current_status(session, person_id)
    if current is not None and _made(session, person_id, clock.now()) is None:
        current.replaced_at = clock.now()
        session.flush()
        _announce(session, person_id)


def _announce(session: Session, person_id: uuid.UUID) -> None:
    freshness.mark(session, "code", str(person_id))
    snapshots.drop(session.core, person_id)


def _next_version(session: Session, person_id: uuid.UUID) -> int:
    highest = select(func.max(HealthStatus.version)).where(HealthStatus.person_id == person_id)
    return (session.scalar(highest) or 0) + 1


def _made(session: Session, person_id: uuid.UUID, now: datetime) -> HealthStatus | None:
    declared = _latest_declaration(session, person_id)
    if declared is None or _withdrawn(session, declared):
        return None
    answer = _latest_answer(session, person_id)
    case = Case(
        declaration=_declaration(session, declared),
        evidence=_evidence(session, answer),
        authority_answered=answer is not None and answer.asked_at >= declared.declared_at,
    )
    rules = rulebook.current()
    decision = evaluate(case, now, rules)
    return HealthStatus(
        id=uuid.uuid4(),
        person_id=person_id,
        version=1,
        state=decision.state,
        colour=decision.colour,
        reasons=[_stored(reason) for reason in decision.reasons],
        rule_set=rules.id,
        declaration_id=declared.id,
        evidence_ids=answer.evidence_ids if answer else [],
        authority_answered=case.authority_answered,
        decided_at=now,
        valid_until=decision.valid_until,
        replaced_at=None,
    )


def _withdrawn(session: Session, declared: HealthDeclaration) -> bool:
    """Whether the person no longer agrees or, where a guardian declared, a guardian does not."""
    own = account_of(session, declared.person_id)
    child = None if declared.account_id == own else declared.person_id
    return consents.withdrawn_since(session, own, PURPOSE, declared.declared_at, child)


def _latest_declaration(session: Session, person_id: uuid.UUID) -> HealthDeclaration | None:
    mine = select(HealthDeclaration).where(HealthDeclaration.person_id == person_id)
    newest = mine.order_by(HealthDeclaration.declared_at.desc(), HealthDeclaration.id.desc())
    return session.scalars(newest.limit(1)).one_or_none()


def _latest_answer(session: Session, person_id: uuid.UUID) -> AuthorityAnswer | None:
    mine = select(AuthorityAnswer).where(AuthorityAnswer.person_id == person_id)
    newest = mine.order_by(AuthorityAnswer.asked_at.desc(), AuthorityAnswer.id.desc())
    return session.scalars(newest.limit(1)).one_or_none()


def _declaration(session: Session, row: HealthDeclaration) -> Declaration:
    opened = crypto.unseal(session.core.keys, sealed_answers(row.id), row.answers_sealed)
    answers = Answers(**json.loads(opened))
    return Declaration(
        id=row.id,
        declared_at=row.declared_at,
        temperature_c=answers.temperature_c,
        symptoms=frozenset(answers.symptoms),
        contact=answers.contact,
        risk_area=answers.risk_area,
    )


def _evidence(session: Session, answer: AuthorityAnswer | None) -> list[Evidence]:
    if answer is None or not answer.evidence_ids:
        return []
    ids = [uuid.UUID(each) for each in answer.evidence_ids]
    named = select(HealthEvidence).where(HealthEvidence.id.in_(ids))
    rows = session.scalars(named.order_by(HealthEvidence.since, HealthEvidence.id))
    return [Evidence(row.id, row.category, row.since, row.until) for row in rows]


def _stored(reason: Reason) -> dict[str, Any]:
    until = reason.until.isoformat() if reason.until else None
    return {**asdict(reason), "since": reason.since.isoformat(), "until": until}


def _same(one: HealthStatus, other: HealthStatus) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in _OUTCOME)


def _lock_number(person_id: uuid.UUID) -> int:
    digest = hashlib.sha256(b"health status " + person_id.bytes).digest()
    return int.from_bytes(digest[:8], signed=True)
