"""Guardianship (监护): the register says whose child it is; nobody need accept.

It holds until the day before the child turns eighteen, looked at on every use, and as long as the
register says the same: a sweep asks it again each day.
"""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from app.audit import services as audit
from app.audit.services import act_of
from app.connectors.exchange import PersonRecord
from app.connectors.household_register import GuardianAs, GuardianPair, HouseholdRegister, Named
from app.core import clock, limits
from app.core.db import Session, phases
from app.core.errors import InvalidInput
from app.core.http import PartyUnavailable
from app.core.limits import Quota
from app.core.types import SYSTEM, Actor
from app.family import services
from app.family.ages import OF_AGE, is_at_least, last_day_of_childhood
from app.family.errors import GuardianshipNotConfirmed, MandateExists
from app.family.models import GUARDIANS_SCOPES, Mandate
from app.family.people import demand_own_hands
from app.family.queries import principal_document
from app.family.services import Terms
from app.family.states import LIVING
from app.identity.queries import identity_document
from app.identity.real_name import Authorities, Claim, document_index, person_of

#: Guessing whose child somebody is must not be possible.
CLAIMS_A_DAY = Quota("guardianship_day", 5, 86_400)
RECHECK_AFTER = timedelta(days=1)
#: Guardianships one run of the sweep takes up.
BATCH = 200


@dataclass(frozen=True)
class Registers:
    """Who knows the child, and who knows whose it is."""

    authorities: Authorities
    households: HouseholdRegister


@dataclass(frozen=True)
class Wanted:
    """Whose guardian somebody says they are, as what, and until when at most."""

    child: Claim
    guardian_as: GuardianAs
    until: date | None


#: The child's record and what the register says; None when either knows of no such thing.
Told = tuple[PersonRecord, GuardianAs] | PartyUnavailable | None


def claim(
    session: Session, registers: Registers, actor: Actor, wanted: Wanted
) -> Mandate | PartyUnavailable:
    """Act for a child from now on. Five attempts a day; an outage costs none, so it is returned.

    Raises `InvalidInput`, `GuardianshipNotConfirmed` for whatever does not fit, `MandateExists`,
    `GuardianActs`, `TooManyRequests`.
    """
    _demand_a_child(wanted.child.document.birth_date)

    def prepare() -> Named:
        demand_own_hands(session, actor)
        limits.consume(session, CLAIMS_A_DAY, str(actor.account))
        return identity_document(session, actor.person).asked

    def call(guardian: Named) -> Told:
        return _ask(registers, guardian, wanted.child)

    def apply(_: Named, told: Told) -> Mandate | PartyUnavailable:
        if isinstance(told, PartyUnavailable):
            limits.give_back(session, CLAIMS_A_DAY, str(actor.account))
            return told
        if told is None or told[0].deceased or told[1] != wanted.guardian_as:
            raise GuardianshipNotConfirmed
        return _keep(session, actor, wanted, told[0])

    return phases(session, prepare=prepare, call=call, apply=apply)


def due_for_recheck(session: Session) -> list[uuid.UUID]:
    """Guardianships the register has not been asked about for `RECHECK_AFTER`, oldest first."""
    old = select(Mandate.id).where(
        Mandate.guardian_as.is_not(None),
        Mandate.status == "active",
        Mandate.until >= clock.legal_today(),
        Mandate.checked_at < clock.now() - RECHECK_AFTER,
    )
    return list(session.scalars(old.order_by(Mandate.checked_at).limit(BATCH)))


def recheck(session: Session, households: HouseholdRegister, mandate_id: uuid.UUID) -> None:
    """End it where the register says otherwise, as after a court's decision.

    Raises `PartyUnavailable`.
    """

    def prepare() -> GuardianPair:
        mandate = session.get_one(Mandate, mandate_id)
        guardian = identity_document(session, mandate.holder_person_id).asked
        return GuardianPair(guardian, principal_document(session, mandate))

    def apply(_: GuardianPair, told: GuardianAs | None) -> None:
        mandate = session.get_one(Mandate, mandate_id, with_for_update=True, populate_existing=True)
        if mandate.status != "active":
            return
        if told == mandate.guardian_as:
            mandate.checked_at = clock.now()
            return
        services.revoke(session, mandate, "register")
        child = mandate.principal_person_id
        ended = act_of(SYSTEM, "family.end_guardianship", subject_id=child, object_id=mandate_id)
        audit.record(session, ended)

    phases(session, prepare=prepare, call=households.guardian_as, apply=apply)


def _ask(registers: Registers, guardian: Named, child: Claim) -> Told:
    named = (child.name, child.document.type, child.document.number)
    try:
        record = registers.authorities.verify(child)
        told = registers.households.guardian_as(GuardianPair(guardian, named))
    except PartyUnavailable as silent:
        return silent
    return (record, told) if record is not None and told is not None else None


def _keep(session: Session, actor: Actor, wanted: Wanted, record: PersonRecord) -> Mandate:
    born = wanted.child.document.birth_date or record.birth_date
    _demand_a_child(born)
    terms = Terms(_relation(wanted.guardian_as), GUARDIANS_SCOPES, _until(wanted.until, born))
    person_id = person_of(session, wanted.child, record)
    document = wanted.child.document
    _replace_lesser(session, actor, document_index(session, document.type, document.number))
    mandate = services.requested(session, actor, wanted.child, terms)
    services.activate(mandate, person_id, "register")
    mandate.guardian_as, mandate.checked_at = wanted.guardian_as, clock.now()
    services.add_living(session, mandate)
    services.tell(session, mandate, "confirmed")
    done = act_of(actor, "family.claim_guardianship", subject_id=person_id, object_id=mandate.id)
    audit.record(session, done)
    return mandate


def _replace_lesser(session: Session, actor: Actor, index: bytes) -> None:
    """What the child gave, or was asked for, gives way to what the register says."""
    services.end_overdue(session, actor, index)
    living = select(Mandate).where(
        Mandate.holder_person_id == actor.person,
        Mandate.principal_index == index,
        Mandate.status.in_(LIVING),
    )
    for mandate in session.scalars(living.with_for_update()).all():
        if mandate.guardian_as is not None:
            raise MandateExists
        services.revoke(session, mandate, "holder")


def _demand_a_child(born: date | None) -> None:
    if born is not None and is_at_least(born, OF_AGE, clock.legal_today()):
        message = "已满18周岁，请改为申请授权。 Eighteen or older: ask for a mandate instead."
        raise InvalidInput(fields={"document_number": [message]})


def _until(wanted: date | None, born: date) -> date:
    last = last_day_of_childhood(born)
    if wanted is not None and not clock.legal_today() <= wanted <= last:
        message = f"须在今天至 {last} 之间。 Must lie between today and {last}."
        raise InvalidInput(fields={"until": [message]})
    return wanted or last


def _relation(guardian_as: GuardianAs) -> str:
    """What the child is to them."""
    return "other" if guardian_as == "guardian" else "child"
