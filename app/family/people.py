"""Finding people by document. Whom a document belongs to may be unknown to us."""

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from app.core import clock
from app.core.db import Session
from app.core.types import Actor
from app.family.ages import ACTS_ALONE, is_at_least
from app.family.errors import GuardianActs
from app.identity.accounts import phone_of
from app.identity.models import Account, Person
from app.identity.queries import identity_document
from app.identity.real_name import document_index


@dataclass(frozen=True)
class Myself:
    """My proved name, and the blind index of my document."""

    name: str
    index: bytes


def myself(session: Session, actor: Actor) -> Myself:
    """The actor as documents name them; only for routes that demand the real name."""
    document = identity_document(session, actor.person)
    index = document_index(session, document.document_type, document.document_number)
    return Myself(document.name, index)


def birth_date(session: Session, person_id: uuid.UUID) -> date:
    """The day a known person was born."""
    return session.execute(select(Person.birth_date).where(Person.id == person_id)).scalar_one()


def demand_own_hands(session: Session, actor: Actor) -> None:
    """Go on only if the actor is old enough to do this without a guardian. Raises `GuardianActs`."""
    born = birth_date(session, actor.person)
    if not is_at_least(born, ACTS_ALONE, clock.legal_today()):
        raise GuardianActs


def person_with(session: Session, index: bytes) -> uuid.UUID | None:
    """The person whose document has this index, if we know them."""
    return session.scalar(select(Person.id).where(Person.document_index == index))


def has_account(session: Session, index: bytes) -> bool:
    """Whether the person whose document has this index can sign in and agree to things."""
    its = select(Account.id).join(Person, Person.id == Account.person_id)
    return session.scalar(its.where(Person.document_index == index).limit(1)) is not None


def phone_with(session: Session, index: bytes) -> str | None:
    """The phone (E.164) of the account of the person whose document has this index."""
    its = (
        select(Account)
        .join(Person, Person.id == Account.person_id)
        .where(Person.document_index == index)
    )
    account = session.scalar(its)
    return phone_of(session, account) if account and account.phone_sealed else None
