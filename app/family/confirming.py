"""Adults without an account confirm, and end, before an officer: at a window, or a village agent.

The officer sees a mandate by its number alone and learns masked names; the document that lies before
them is typed and must be the mandate's. Whom they are not there for looks like nobody.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from app.audit import services as audit
from app.audit.services import act_of
from app.connectors.exchange import PersonRecord
from app.core import clock, crypto, limits
from app.core.db import Session, phases
from app.core.errors import DomainError, NotFound
from app.core.http import PartyUnavailable
from app.core.limits import Quota
from app.core.types import Actor
from app.family import services
from app.family.ages import ACTS_ALONE, is_at_least
from app.family.errors import (
    ConfirmsInApp,
    DocumentDiffers,
    GuardianActs,
    MandateNotOpen,
    OfficerInvolved,
)
from app.family.models import Mandate
from app.family.people import has_account
from app.family.policies import acts_as
from app.family.queries import principal_document
from app.family.states import LIVING, as_of
from app.identity.documents import Document, mask_name
from app.identity.queries import identity_document
from app.identity.real_name import Authorities, Claim, person_of
from app.identity.staff.queries import officers_name, posts_of

#: Numbers one officer may open a day: nobody tries them all.
OPENED_A_DAY = Quota("mandates_opened_officer_day", 200, 86_400)
#: Documents tried with one mandate a day.
TRIED_A_DAY = Quota("mandate_documents_day", 5, 86_400)


@dataclass(frozen=True)
class AtDesk:
    """A mandate as an officer sees it."""

    mandate: Mandate
    status: str
    holder_name: str
    principal_name: str


@dataclass(frozen=True)
class Presented:
    """The document the officer has read, and where the person wants to be told (E.164)."""

    document: Document
    phone: str | None


@dataclass(frozen=True)
class _Asked:
    """A mandate before the authority is asked about its principal."""

    mandate_id: uuid.UUID
    principal: Claim


@dataclass(frozen=True)
class _Present:
    """A mandate whose principal is before an officer."""

    mandate: Mandate
    principal: Claim
    record: PersonRecord
    #: In which of the officer's roles, as `Mandate.confirmed_how` says it.
    how: str

    @property
    def status(self) -> str:
        """The status that holds today."""
        return as_of(self.mandate.status, self.mandate.until, clock.legal_today())


Found = PersonRecord | PartyUnavailable | None


def look(
    session: Session, authorities: Authorities, actor: Actor, number: str
) -> AtDesk | PartyUnavailable:
    """A mandate somebody names at the desk. Raises `NotFound`, `TooManyRequests`."""

    def apply(asked: _Asked | None, found: Found) -> AtDesk | PartyUnavailable:
        if isinstance(found, PartyUnavailable):
            return found
        if asked is None:
            raise NotFound
        mandate = session.get_one(Mandate, asked.mandate_id)
        _role_for(session, actor, found)
        seen = act_of(
            actor,
            "family.look_at_mandate",
            object_id=mandate.id,
            subject_id=mandate.principal_person_id,
        )
        audit.record(session, seen)
        return _shown(session, mandate, asked.principal)

    return phases(
        session,
        prepare=lambda: _open(session, actor, number),
        call=lambda asked: _verify(authorities, asked),
        apply=apply,
    )


def confirm(
    session: Session, authorities: Authorities, actor: Actor, number: str, presented: Presented
) -> AtDesk | DomainError:
    """The principal, whose document the officer holds, agrees. Counts at once.

    A document that is not the mandate's is told and remembered, so it is returned, as are a silent
    authority and an officer who bears a side's name. Raises `NotFound`, `MandateNotOpen`,
    `GuardianActs`, `TooManyRequests` (five documents a mandate and day).
    """

    def decide(present: _Present) -> DomainError | None:
        mandate = present.mandate
        if present.status != "pending":
            return MandateNotOpen()
        refusal = _refusal(session, actor, present, presented.document)
        if refusal is None and has_account(session, mandate.principal_index):
            refusal = ConfirmsInApp()
        if refusal is not None:
            _note_refused(session, actor, "family.confirm_mandate", mandate, refusal)
            return refusal
        _activate(session, actor, present)
        _keep_phone(session, mandate, presented.phone)
        return None

    return _in_person(session, authorities, actor, number, decide)


def end(
    session: Session, authorities: Authorities, actor: Actor, number: str, document: Document
) -> AtDesk | DomainError:
    """The principal, whose document the officer holds, wants no mandate, with an account or without.

    Acts at once; what has ended already stays as it is. Outcomes and refusals as of `confirm`.
    """

    def decide(present: _Present) -> DomainError | None:
        refusal = _refusal(session, actor, present, document)
        if refusal is not None:
            _note_refused(session, actor, "family.end_mandate", present.mandate, refusal)
        elif present.status in LIVING:
            _end(session, actor, present)
        return refusal

    return _in_person(session, authorities, actor, number, decide)


def _in_person(
    session: Session,
    authorities: Authorities,
    actor: Actor,
    number: str,
    decide: Callable[[_Present], DomainError | None],
) -> AtDesk | DomainError:
    """Let an officer act on a mandate, its row locked, before whom its principal is."""

    def apply(asked: _Asked | None, found: Found) -> AtDesk | DomainError:
        if asked is None:
            raise NotFound
        if isinstance(found, PartyUnavailable):
            return found
        role, record = _role_for(session, actor, found)
        # Only now: whoever may not act on a mandate must not use up its tries.
        limits.consume(session, TRIED_A_DAY, str(asked.mandate_id))
        mandate = session.get_one(
            Mandate, asked.mandate_id, with_for_update=True, populate_existing=True
        )
        how = "window" if role == "window_officer" else role
        refusal = decide(_Present(mandate, asked.principal, record, how))
        return refusal or _shown(session, mandate, asked.principal)

    return phases(
        session,
        prepare=lambda: _open(session, actor, number),
        call=lambda asked: _verify(authorities, asked),
        apply=apply,
    )


def _open(session: Session, actor: Actor, number: str) -> _Asked | None:
    """Counted also when there is no such mandate, which is why that is an answer."""
    limits.consume(session, OPENED_A_DAY, str(actor.officer))
    mandate = session.scalar(select(Mandate).where(Mandate.number == number))
    if mandate is None or mandate.guardian_as is not None:
        return None
    name, kind, document = principal_document(session, mandate)
    return _Asked(mandate.id, Claim(name, Document(kind, document)))


def _verify(authorities: Authorities, asked: _Asked | None) -> Found:
    try:
        return authorities.verify(asked.principal) if asked else None
    except PartyUnavailable as silent:
        return silent


def _role_for(
    session: Session, actor: Actor, found: PersonRecord | None
) -> tuple[str, PersonRecord]:
    """In which role the officer may act for this household. Raises `NotFound` where in none."""
    if found is None or found.deceased:
        raise NotFound
    role = acts_as(posts_of(session, actor.officer), found.household_division)
    if role is None:
        raise NotFound
    return role, found


def _refusal(
    session: Session, actor: Actor, present: _Present, shown: Document
) -> DomainError | None:
    """Why this document, before this officer, is no proof."""
    wanted = present.principal.document
    if (shown.type, shown.number) != (wanted.type, wanted.number):
        return DocumentDiffers()
    if officers_name(session, actor.officer) in _names(session, present):
        return OfficerInvolved()
    return None


def _note_refused(
    session: Session, actor: Actor, action: str, mandate: Mandate, refusal: DomainError
) -> None:
    tried = act_of(actor, action, object_id=mandate.id, reason=refusal.code, result="refused")
    audit.record(session, tried)


def _names(session: Session, present: _Present) -> set[str]:
    holder = identity_document(session, present.mandate.holder_person_id)
    return {holder.name, present.principal.name}


def _activate(session: Session, actor: Actor, present: _Present) -> None:
    mandate = present.mandate
    if not is_at_least(present.record.birth_date, ACTS_ALONE, clock.legal_today()):
        raise GuardianActs
    person_id = person_of(session, present.principal, present.record)
    services.activate(mandate, person_id, present.how)
    mandate.confirmed_by = actor.officer
    services.tell(session, mandate, "confirmed")
    _note_done(session, actor, "family.confirm_mandate", present)


def _end(session: Session, actor: Actor, present: _Present) -> None:
    mandate = present.mandate
    mandate.ended_how, mandate.ended_before = present.how, actor.officer
    if present.status == "pending":
        services.decline(session, mandate)
    else:
        services.revoke(session, mandate, "principal")
    _note_done(session, actor, "family.end_mandate", present)


def _note_done(session: Session, actor: Actor, action: str, present: _Present) -> None:
    done = act_of(
        *(actor, action),
        subject_id=present.mandate.principal_person_id,
        object_id=present.mandate.id,
        reason=f"{present.how}:{present.principal.document.type}",
    )
    audit.record(session, done)


def _keep_phone(session: Session, mandate: Mandate, phone: str | None) -> None:
    if phone is not None:
        field = crypto.Field("mandates", "phone_sealed", mandate.id)
        mandate.phone_sealed = crypto.seal(session.core.keys, field, phone)


def _shown(session: Session, mandate: Mandate, principal: Claim) -> AtDesk:
    holder = identity_document(session, mandate.holder_person_id).name
    status = as_of(mandate.status, mandate.until, clock.legal_today())
    return AtDesk(mandate, status, mask_name(holder), mask_name(principal.name))
