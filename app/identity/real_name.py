"""Proving the real name (实名认证) against the population database."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.connectors.exchange import Population, PopulationRecord
from app.core import clock, crypto, limits
from app.core.db import Session, phases
from app.core.errors import InvalidInput
from app.core.http import PartyUnavailable
from app.core.ids import new_id
from app.core.limits import Quota
from app.core.types import Actor
from app.identity.documents import ResidentId, normalise_name, parse_resident_id
from app.identity.errors import AlreadyProved, IdentityInUse, RealNameMismatch
from app.identity.models import Account, Person

DOCUMENT_TYPE = "resident_id"
#: Guessing whose number belongs to a name must not be possible.
ATTEMPTS_A_DAY = Quota("real_name_day", 5, 86_400)


@dataclass(frozen=True)
class Claim:
    """Who somebody says they are; the number has a good check character."""

    name: str
    document: ResidentId


def claim(name: str, document_number: str) -> Claim:
    """Check the form of name and number. Raises `InvalidInput` naming the field."""
    document = parse_resident_id(document_number, clock.legal_today())
    if document is None:
        message = "身份证号码不正确。 This is not a valid resident ID number."
        raise InvalidInput(fields={"document_number": [message]})
    normal = normalise_name(name)
    if not normal:
        raise InvalidInput(fields={"name": ["请填写姓名。 The name is missing."]})
    return Claim(normal, document)


def prove_real_name(
    session: Session, population: Population, actor: Actor, claimed: Claim
) -> Account | PartyUnavailable:
    """Bind the actor's account to the person named. Five attempts a day.

    An attempt is given back when the population database did not answer, which is why that comes back
    as an outcome. Raises `RealNameMismatch`, `AlreadyProved`, `IdentityInUse`, `TooManyRequests`.
    """

    def prepare() -> None:
        limits.consume(session, ATTEMPTS_A_DAY, str(actor.account))

    def call(_: None) -> PopulationRecord | PartyUnavailable | None:
        try:
            return population.verify(claimed.name, claimed.document.number)
        except PartyUnavailable as silent:
            return silent

    def apply(
        _: None, found: PopulationRecord | PartyUnavailable | None
    ) -> Account | PartyUnavailable:
        if isinstance(found, PartyUnavailable):
            limits.give_back(session, ATTEMPTS_A_DAY, str(actor.account))
            return found
        if found is None or found.deceased:
            raise RealNameMismatch
        account = session.get_one(Account, actor.account, with_for_update=True)
        _bind(session, account, person_of(session, claimed, found))
        return account

    return phases(session, prepare=prepare, call=call, apply=apply)


def person_of(session: Session, claimed: Claim, found: PopulationRecord) -> uuid.UUID:
    """The id of the person with this document, recorded now if new."""
    keys = session.core.keys
    index = crypto.blind_index(keys, "blind_document", f"{DOCUMENT_TYPE}|{claimed.document.number}")
    new = new_id()
    row = insert(Person).values(
        id=new,
        document_type=DOCUMENT_TYPE,
        document_index=index,
        name_sealed=crypto.seal(keys, crypto.Field("persons", "name_sealed", new), claimed.name),
        document_sealed=crypto.seal(
            keys, crypto.Field("persons", "document_sealed", new), claimed.document.number
        ),
        sex=found.sex,
        birth_date=found.birth_date,
        household_division=found.household_division,
        created_at=clock.now(),
    )
    session.execute(row.on_conflict_do_nothing(index_elements=["document_type", "document_index"]))
    known = select(Person.id).where(
        Person.document_type == DOCUMENT_TYPE, Person.document_index == index
    )
    return session.scalars(known).one()


def _bind(session: Session, account: Account, person_id: uuid.UUID) -> None:
    if account.person_id == person_id:
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
