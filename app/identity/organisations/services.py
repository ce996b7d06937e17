"""Bringing an organisation in, keeping it as the registry has it, acting for it."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.audit import services as audit
from app.audit.services import act_of
from app.connectors.business_registry import BusinessRegistry, RegisteredEntity
from app.core import clock, limits
from app.core.db import Session, phases
from app.core.errors import DomainError, InvalidInput, NotFound
from app.core.http import PartyUnavailable
from app.core.ids import new_id
from app.core.limits import Quota
from app.core.types import Actor
from app.core.uscc import is_uscc
from app.identity.documents import normalise_name, parse_document
from app.identity.models import SessionFamily
from app.identity.organisations.errors import OrganisationMismatch
from app.identity.organisations.models import KINDS, Organisation
from app.identity.organisations.queries import Right, right_of
from app.identity.queries import identity_document
from app.identity.real_name import document_index

CLAIMS_A_DAY = Quota("organisation_claim_day", 10, 86_400)
#: After this time the registry is asked again, by the sweep or by whoever wants to act.
RECHECK_AFTER = timedelta(days=1)
#: Organisations one run of the sweep takes up.
BATCH = 200
SOURCE = "business_registry"

Told = RegisteredEntity | PartyUnavailable | None


def claim_organisation(
    session: Session, registry: BusinessRegistry, actor: Actor, uscc: str
) -> Right | PartyUnavailable:
    """Bring in the organisation whose legal representative the actor is. Ten attempts a day.

    Raises `InvalidInput`, `OrganisationMismatch` for whatever does not fit, `TooManyRequests`.
    """
    code = uscc.upper()
    if not is_uscc(code):
        message = "统一社会信用代码不正确。 This is not a valid unified social credit code."
        raise InvalidInput(fields={"uscc": [message]})

    def prepare() -> None:
        limits.consume(session, CLAIMS_A_DAY, str(actor.account))

    def call(_: None) -> Told:
        return _ask(registry, code)

    def apply(_: None, told: Told) -> Right | PartyUnavailable:
        if isinstance(told, PartyUnavailable):
            limits.give_back(session, CLAIMS_A_DAY, str(actor.account))
            return told
        if told is None or told.status != "active" or not _stands_for(session, actor, told):
            raise OrganisationMismatch
        organisation = _keep(session, told)
        right = right_of(session, actor.person, organisation.id)
        if right is None:
            raise OrganisationMismatch
        claimed = act_of(actor, "identity.claim_organisation", object_id=organisation.id)
        audit.record(session, claimed)
        return right

    return phases(session, prepare=prepare, call=call, apply=apply)


@dataclass(frozen=True)
class _Known:
    """An organisation before the registry is asked; no code when it need not be."""

    organisation_id: uuid.UUID
    ask_for: str | None


def switch(
    session: Session, registry: BusinessRegistry, actor: Actor, organisation_id: uuid.UUID | None
) -> Right | DomainError | None:
    """Let the actor's session act for this organisation, or for the actor alone again (None)."""
    if organisation_id is not None:
        return act_for(session, registry, actor, organisation_id)
    _mark(session, actor, None)
    return None


def act_for(
    session: Session, registry: BusinessRegistry, actor: Actor, organisation_id: uuid.UUID
) -> Right | DomainError:
    """Let the actor's session act for this organisation from now on.

    Raises or returns `NotFound` for an organisation the actor has no right at; returned, so that what
    the registry said stays. While it is silent, what it said before counts as long as `FACTS_HOLD`.
    """

    def prepare() -> _Known:
        right = right_of(session, actor.person, organisation_id, stale_too=True)
        if right is None:
            raise NotFound
        known = right.organisation
        old = known.as_of < clock.now() - RECHECK_AFTER
        return _Known(known.id, known.uscc if old else None)

    def call(known: _Known) -> Told:
        return _ask(registry, known.ask_for) if known.ask_for else None

    def apply(known: _Known, told: Told) -> Right | DomainError:
        if known.ask_for and not isinstance(told, PartyUnavailable):
            _take_over(session, known.organisation_id, told)
        right = right_of(session, actor.person, organisation_id)
        if right is not None:
            _mark(session, actor, organisation_id)
            return right
        return told if isinstance(told, PartyUnavailable) else NotFound()

    return phases(session, prepare=prepare, call=call, apply=apply)


def due_for_recheck(session: Session) -> list[uuid.UUID]:
    """Organisations the registry has not been asked about for `RECHECK_AFTER`, oldest first."""
    old = select(Organisation.id).where(Organisation.as_of < clock.now() - RECHECK_AFTER)
    return list(session.scalars(old.order_by(Organisation.as_of).limit(BATCH)))


def recheck(session: Session, registry: BusinessRegistry, organisation_id: uuid.UUID) -> None:
    """Take over what the registry says now. Raises `PartyUnavailable`."""

    def prepare() -> str:
        return session.get_one(Organisation, organisation_id).uscc

    def apply(_: str, told: RegisteredEntity | None) -> None:
        _take_over(session, organisation_id, told)

    phases(session, prepare=prepare, call=registry.entity, apply=apply)


def _ask(registry: BusinessRegistry, uscc: str) -> Told:
    try:
        return registry.entity(uscc)
    except PartyUnavailable as silent:
        return silent


def _stands_for(session: Session, actor: Actor, told: RegisteredEntity) -> bool:
    """Name *and* document of the legal representative are the actor's."""
    me = identity_document(session, actor.person)
    mine = document_index(session, me.document_type, me.document_number)
    same_name = normalise_name(told.representative_name) == me.name
    return same_name and _representative_index(session, told) == mine


def _representative_index(session: Session, told: RegisteredEntity) -> bytes:
    """As `persons.document_index`, so the number is spelt as ours are."""
    kind, number = told.representative_document_type, told.representative_document_number
    document = parse_document(kind, number, clock.legal_today())
    return document_index(session, kind, document.number if document else number)


def _keep(session: Session, told: RegisteredEntity) -> Organisation:
    """The organisation with this code, as the registry says; its row locked."""
    at = clock.now()
    facts = {
        "name": told.name,
        "status": told.status,
        "representative_index": _representative_index(session, told),
        "source": SOURCE,
        "as_of": at,
    }
    kind = KINDS.get(told.uscc[:2], "other")
    row = insert(Organisation).values(
        id=new_id(), uscc=told.uscc, kind=kind, created_at=at, **facts
    )
    session.execute(row.on_conflict_do_update(index_elements=["uscc"], set_=facts))
    kept = select(Organisation).where(Organisation.uscc == told.uscc)
    return session.scalars(kept.execution_options(populate_existing=True)).one()


def _take_over(session: Session, organisation_id: uuid.UUID, told: RegisteredEntity | None) -> None:
    """Another representative ends the old one's right; operators' ends with the organisation's life."""
    if told is not None:
        _keep(session, told)
        return
    gone = session.get_one(Organisation, organisation_id, with_for_update=True)
    gone.status, gone.as_of = "deregistered", clock.now()
    session.flush()


def _mark(session: Session, actor: Actor, organisation_id: uuid.UUID | None) -> None:
    family = session.get_one(
        SessionFamily, actor.session_id, with_for_update=True, populate_existing=True
    )
    if family.organisation_id == organisation_id:
        return
    touched = organisation_id or family.organisation_id
    family.organisation_id = organisation_id
    session.flush()
    action = "identity.act_for_organisation" if organisation_id else "identity.act_for_oneself"
    audit.record(session, act_of(actor, action, object_id=touched))
