"""Proving the real name (实名认证) with the authority that issued the document."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.connectors.exchange import ExitEntry, PersonRecord, Population
from app.core import clock, crypto, events, limits
from app.core.db import Session, phases
from app.core.errors import InvalidInput
from app.core.http import PartyUnavailable
from app.core.ids import new_id
from app.core.limits import Quota
from app.core.types import Actor
from app.identity.accounts import lock_accounts
from app.identity.documents import RESIDENT_ID, Document, normalise_name, parse_document
from app.identity.errors import AlreadyProved, IdentityInUse, RealNameMismatch
from app.identity.events import RealNameProved
from app.identity.models import Account, Person
from app.identity.sessions import note_proof

#: Guessing whose number belongs to a name must not be possible.
ATTEMPTS_A_DAY = Quota("real_name_day", 5, 86_400)


@dataclass(frozen=True)
class Claim:
    """Who somebody says they are; the number has the form of its kind of document."""

    name: str
    document: Document


@dataclass(frozen=True)
class Authorities:
    """Who knows which documents: residents' IDs the population database, all others exit-entry."""

    population: Population
    exit_entry: ExitEntry

    def verify(self, claimed: Claim) -> PersonRecord | None:
        """The record when name and document belong together. Raises `PartyUnavailable`."""
        document = claimed.document
        if document.type == RESIDENT_ID:
            return self.population.verify(claimed.name, document.number)
        return self.exit_entry.verify(claimed.name, document.type, document.number)


def claim(name: str, document_number: str, document_type: str = RESIDENT_ID) -> Claim:
    """Check the form of name and number. Raises `InvalidInput` naming the field."""
    document = parse_document(document_type, document_number, clock.legal_today())
    if document is None:
        message = "证件号码不正确。 This is not a valid number of such a document."
        raise InvalidInput(fields={"document_number": [message]})
    normal = normalise_name(name)
    if not normal:
        raise InvalidInput(fields={"name": ["请填写姓名。 The name is missing."]})
    return Claim(normal, document)


def prove_real_name(
    session: Session, authorities: Authorities, actor: Actor, claimed: Claim
) -> Account | PartyUnavailable:
    """Bind the actor's account to the person named. Five attempts a day.

    An attempt is given back when the authority did not answer, which is why that comes back
    as an outcome. Raises `RealNameMismatch`, `AlreadyProved`, `IdentityInUse`, `TooManyRequests`.
    """

    def prepare() -> None:
        limits.consume(session, ATTEMPTS_A_DAY, str(actor.account))

    def call(_: None) -> PersonRecord | PartyUnavailable | None:
        try:
            return authorities.verify(claimed)
        except PartyUnavailable as silent:
            return silent

    def apply(_: None, found: PersonRecord | PartyUnavailable | None) -> Account | PartyUnavailable:
        if isinstance(found, PartyUnavailable):
            limits.give_back(session, ATTEMPTS_A_DAY, str(actor.account))
            return found
        if found is None or found.deceased:
            raise RealNameMismatch
        note_proof(session, actor)
        (account,) = lock_accounts(session, actor.account)
        bind(session, account, person_of(session, claimed, found))
        return account

    return phases(session, prepare=prepare, call=call, apply=apply)


def person_of(session: Session, claimed: Claim, found: PersonRecord) -> uuid.UUID:
    """The id of the person with this document, recorded now if new.

    Raises `IdentityInUse` when the number stands for somebody else, as two countries' passports may.
    """
    document, keys = claimed.document, session.core.keys
    index = document_index(session, document.type, document.number)
    born = document.birth_date or found.birth_date
    new = new_id()
    row = insert(Person).values(
        id=new,
        document_type=document.type,
        document_index=index,
        name_sealed=crypto.seal(keys, crypto.Field("persons", "name_sealed", new), claimed.name),
        document_sealed=crypto.seal(
            keys, crypto.Field("persons", "document_sealed", new), document.number
        ),
        sex=document.sex or found.sex,
        birth_date=born,
        household_division=found.household_division,
        created_at=clock.now(),
    )
    session.execute(row.on_conflict_do_nothing(index_elements=["document_index"]))
    person = session.scalars(select(Person).where(Person.document_index == index)).one()
    if person.birth_date != born:
        raise IdentityInUse
    return person.id


def document_index(session: Session, document_type: str, document_number: str) -> bytes:
    """Blind index of a document, as `persons.document_index`: the kind is part of it."""
    text = f"{document_type}|{document_number}"
    return crypto.blind_index(session.core.keys, "blind_document", text)


def bind(session: Session, account: Account, person_id: uuid.UUID) -> None:
    """Let the account stand for the person. The caller locks the account.

    Raises `AlreadyProved`, `IdentityInUse`.
    """
    if account.person_id == person_id:
        account.proved_at = clock.now()
        return
    if account.person_id is not None:
        raise AlreadyProved
    # Serialises two accounts that prove the same person at once.
    session.execute(select(Person.id).where(Person.id == person_id).with_for_update())
    taken = select(Account.id).where(Account.person_id == person_id)
    if session.scalar(taken) is not None:
        raise IdentityInUse
    account.person_id = person_id
    account.level = "real_name"
    account.proved_at = clock.now()
    events.record(session, RealNameProved(account_id=str(account.id)))
