"""Who may act for which organisation, now. Asked on every use: the end of a right acts at once."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Select, and_, or_, select

from app.core import clock, crypto
from app.core.db import Session
from app.core.errors import NotFound
from app.core.types import Actor
from app.identity.documents import mask_name
from app.identity.models import Person
from app.identity.organisations.errors import ScopeRequired
from app.identity.organisations.models import SCOPES, Operator, Organisation
from app.identity.organisations.states import as_of
from app.identity.queries import identity_document

#: What the registry said holds this long; older, nobody acts until it has been asked again.
FACTS_HOLD = timedelta(days=7)
#: More organisations than anybody stands for.
MOST = 100

Role = Literal["legal_representative", "operator"]


@dataclass(frozen=True)
class Right:
    """By what right a person acts for an organisation."""

    organisation: Organisation
    role: Role
    scopes: frozenset[str]
    until: date | None
    #: An operator's own authorisation.
    operator_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Invitation:
    """An organisation wants me to act for it."""

    operator: Operator
    organisation: Organisation


def right_of(
    session: Session, person_id: uuid.UUID, organisation_id: uuid.UUID, *, stale_too: bool = False
) -> Right | None:
    """The person's living right to act for the organisation, in one statement.

    None also when the registry has not been asked for `FACTS_HOLD`, unless `stale_too`.
    """
    wanted = _rights(person_id).where(Organisation.id == organisation_id)
    if not stale_too:
        wanted = wanted.where(_holds())
    found = session.execute(wanted.execution_options(populate_existing=True)).first()
    return _right(*found) if found else None


def my_rights(session: Session, actor: Actor, *, stale_too: bool = True) -> list[Right]:
    """All organisations the actor may act for, oldest first; stale ones once the registry agrees."""
    mine = _rights(actor.person).order_by(Organisation.id).limit(MOST)
    if not stale_too:
        mine = mine.where(_holds())
    return [_right(*found) for found in session.execute(mine)]


def right_to(
    session: Session, actor: Actor, organisation_id: uuid.UUID, scope: str | None = None
) -> Right:
    """The actor's right at this organisation.

    Raises `NotFound` alike for a stranger and an unknown id, also when the session acts for another
    organisation; `ScopeRequired`.
    """
    if actor.organisation_id not in (None, organisation_id):
        raise NotFound
    right = right_of(session, actor.person, organisation_id)
    if right is None:
        raise NotFound
    if scope is not None and scope not in right.scopes:
        raise ScopeRequired(scope=scope)
    return right


def acting(session: Session, actor: Actor) -> Right | None:
    """By what right the session acts for an organisation; None for oneself, or when it is over."""
    if actor.organisation_id is None or actor.person_id is None:
        return None
    return right_of(session, actor.person_id, actor.organisation_id)


def my_invitations(session: Session, actor: Actor) -> list[Invitation]:
    """Authorisations that wait for the actor, in the actor's own name and number."""
    document = identity_document(session, actor.person)
    asked = (
        select(Operator, Organisation)
        .join(Organisation, Organisation.id == Operator.organisation_id)
        .join(Person, Person.document_index == Operator.person_index)
        .where(
            Person.id == actor.person,
            Operator.status == "pending",
            Operator.until >= clock.legal_today(),
        )
        .order_by(Operator.id.desc())
        .limit(MOST)
    )
    found = (
        Invitation(operator, organisation) for operator, organisation in session.execute(asked)
    )
    return [each for each in found if operator_name(session, each.operator) == document.name]


def list_operators(
    session: Session, organisation_id: uuid.UUID, *, before: uuid.UUID | None, limit: int
) -> tuple[list[Operator], uuid.UUID | None]:
    """The organisation's authorisations, newest first, and where the next page begins."""
    theirs = select(Operator).where(Operator.organisation_id == organisation_id)
    if before is not None:
        theirs = theirs.where(Operator.id < before)
    rows = session.scalars(theirs.order_by(Operator.id.desc()).limit(limit + 1)).all()
    return list(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None


def operator_name(session: Session, operator: Operator) -> str:
    """The operator's name as the organisation gave it: never for an answer, except masked."""
    return crypto.unseal(session.core.keys, name_field(operator.id), operator.name_sealed)


def shown(session: Session, operator: Operator) -> dict[str, object]:
    """An authorisation as both sides see it."""
    return {
        "id": operator.id,
        "masked_name": mask_name(operator_name(session, operator)),
        "scopes": operator.scopes,
        "until": operator.until,
        "status": as_of(operator.status, operator.until, clock.legal_today()),
    }


def name_field(operator_id: uuid.UUID) -> crypto.Field:
    """Where an operator's name is sealed."""
    return crypto.Field("organisation_operators", "name_sealed", operator_id)


def _rights(person_id: uuid.UUID) -> Select[Organisation, Person, Operator]:
    """Organisations of this person; the third column is empty for the legal representative."""
    acts = and_(
        Operator.organisation_id == Organisation.id,
        Operator.person_id == person_id,
        Operator.status == "active",
        Operator.until >= clock.legal_today(),
    )
    stands: ColumnElement[bool] = Organisation.representative_index == Person.document_index
    return (
        select(Organisation, Person, Operator)
        .select_from(Organisation)
        .join(Person, Person.id == person_id)
        .outerjoin(Operator, acts)
        .where(Organisation.status == "active", or_(stands, Operator.id.is_not(None)))
    )


def _holds() -> ColumnElement[bool]:
    """Whether what the registry said is not too long ago."""
    return Organisation.as_of >= clock.now() - FACTS_HOLD


def _right(organisation: Organisation, person: Person, operator: Operator | None) -> Right:
    if organisation.representative_index == person.document_index:
        return Right(organisation, "legal_representative", frozenset(SCOPES), None)
    if operator is None:
        raise LookupError("neither representative nor operator")
    scopes = frozenset(operator.scopes)
    return Right(organisation, "operator", scopes, operator.until, operator.id)
