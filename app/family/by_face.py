"""Adults without an account confirm by face, by a link that its holder opens.

The check is of the person the mandate names, so the face of whoever asked confirms nothing.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from app.audit import services as audit
from app.audit.services import Result, act_of
from app.connectors.exchange import PersonRecord
from app.connectors.faceid import FaceCheck
from app.core import clock, limits
from app.core.db import Session, phases
from app.core.errors import DomainError
from app.core.http import PartyUnavailable
from app.core.ids import new_id
from app.core.limits import Quota
from app.family import services
from app.family.errors import ConfirmsInApp, FaceNotConfirmed
from app.family.face_links import CHANNEL, demand_age, opened, principal
from app.family.models import FaceLink, Mandate, MandateFaceCheck
from app.family.people import has_account
from app.family.queries import principal_document
from app.identity.documents import Document
from app.identity.face import judging
from app.identity.face.errors import FaceRefused
from app.identity.face.judging import Answer
from app.identity.face.services import CHALLENGE_LIFE, PURPOSE
from app.identity.life.recovery import Parties
from app.identity.queries import IdentityDocument
from app.identity.real_name import ATTEMPTS_A_DAY, Claim, person_of
from app.privacy import consents

#: Checks begun with one mandate, and of one person whoever asks.
CHECKS_OF_MANDATE = Quota("mandate_face_day", 5, 86_400)
CHECKS_OF_PERSON = Quota("mandate_face_person_day", 10, 86_400)


@dataclass(frozen=True)
class _Asked:
    """What outside parties are asked about."""

    mandate_id: uuid.UUID
    principal: Claim
    #: Whose look-ups are counted, and whose checks.
    subjects: tuple[tuple[Quota, str], ...]

    @property
    def named(self) -> tuple[str, str]:
        """Name and number."""
        return self.principal.name, self.principal.document.number


@dataclass(frozen=True)
class _Shown:
    """A check whose result is to be judged; None for one that does not count."""

    check_id: uuid.UUID
    document: IdentityDocument | None


def begin(
    session: Session, parties: Parties, secret: str, notice_version: int
) -> FaceCheck | DomainError:
    """The principal agrees to the face check; open it. Names that fit no number are counted.

    Raises `FaceLinkOver`, `NoticeOutdated`, `TooManyRequests`.
    """
    check_id = new_id()

    def prepare() -> _Asked:
        _, mandate = opened(session, secret)
        consents.demand_present(PURPOSE, notice_version)
        asked = _asked(session, mandate)
        for quota, subject in asked.subjects:
            limits.consume(session, quota, subject)
        return asked

    def call(asked: _Asked) -> tuple[PersonRecord, FaceCheck] | PartyUnavailable | None:
        try:
            found = parties.authorities.verify(asked.principal)
            if found is None or found.deceased:
                return None
            return found, parties.verifier.begin(*asked.named, str(check_id))
        except PartyUnavailable as silent:
            return silent

    def apply(
        asked: _Asked, answer: tuple[PersonRecord, FaceCheck] | PartyUnavailable | None
    ) -> FaceCheck | DomainError:
        if answer is None:
            _note(session, asked.mandate_id, FaceNotConfirmed())
            return FaceNotConfirmed()
        if isinstance(answer, PartyUnavailable):
            _give_back(session, asked.subjects)
            return answer
        # A name that fits its number was no guess.
        _give_back(session, asked.subjects[:1])
        return _begun(session, secret, check_id, (asked.principal, *answer), notice_version)

    return phases(session, prepare=prepare, call=call, apply=apply)


def finish(
    session: Session, parties: Parties, secret: str, result_token: str
) -> Mandate | DomainError:
    """Ask the provider how the check ended; on success the mandate is good at once.

    A failed check is used up, an unfinished or unanswered one is not: hence outcomes. Raises
    `FaceLinkOver`, `ConsentRequired`.
    """

    def prepare() -> _Shown | None:
        link, mandate = opened(session, secret)
        check = _check_of(session, link, result_token)
        if check is None:
            return None
        consents.require(session, principal(check.person_id), PURPOSE)
        good = judging.use_up(check, result_token)
        return _Shown(check.id, _document(session, mandate) if good else None)

    return phases(
        session,
        prepare=prepare,
        call=lambda shown: judging.ask(
            parties.verifier, shown.document if shown else None, result_token
        ),
        apply=lambda shown, answer: _judge(session, secret, shown, answer),
    )


def _judge(
    session: Session, secret: str, shown: _Shown | None, answer: Answer
) -> Mandate | DomainError:
    link, mandate = opened(session, secret)
    if shown is None:
        return FaceNotConfirmed()
    check = session.get_one(
        MandateFaceCheck, shown.check_id, with_for_update=True, populate_existing=True
    )
    refusal = judging.refusal(shown.document, answer, str(check.id))
    if refusal is not None and not isinstance(refusal, FaceRefused):
        check.used_at = None
        return refusal
    consents.require(session, principal(check.person_id), PURPOSE)
    if refusal is not None:
        refusal = FaceNotConfirmed()
    elif has_account(session, mandate.principal_index):
        refusal = ConfirmsInApp()
    if refusal is not None:
        _note(session, mandate.id, refusal, check.person_id)
        return refusal
    return _confirmed(session, mandate, link, check)


def _asked(session: Session, mandate: Mandate) -> _Asked:
    name, kind, number = principal_document(session, mandate)
    subjects = (
        (ATTEMPTS_A_DAY, str(mandate.holder_account_id)),
        (CHECKS_OF_MANDATE, str(mandate.id)),
        (CHECKS_OF_PERSON, mandate.principal_index.hex()),
    )
    return _Asked(mandate.id, Claim(name, Document(kind, number)), subjects)


def _begun(
    session: Session,
    secret: str,
    check_id: uuid.UUID,
    known: tuple[Claim, PersonRecord, FaceCheck],
    notice_version: int,
) -> FaceCheck:
    claimed, found, check = known
    link, _ = opened(session, secret)
    demand_age(found.birth_date)
    person_id = person_of(session, claimed, found)
    consents.give(session, principal(person_id), PURPOSE, notice_version, CHANNEL)
    session.add(
        MandateFaceCheck(
            id=check_id,
            link_id=link.id,
            person_id=person_id,
            token_digest=judging.digest(check.token),
            expires_at=clock.now() + CHALLENGE_LIFE,
            used_at=None,
        )
    )
    return check


def _confirmed(
    session: Session, mandate: Mandate, link: FaceLink, check: MandateFaceCheck
) -> Mandate:
    services.activate(mandate, check.person_id, "face")
    mandate.face_check_id = check.id
    link.used_at = clock.now()
    services.tell(session, mandate, "confirmed")
    _note(session, mandate.id, None, check.person_id)
    return mandate


def _check_of(session: Session, link: FaceLink, token: str) -> MandateFaceCheck | None:
    its = select(MandateFaceCheck).where(
        MandateFaceCheck.link_id == link.id,
        MandateFaceCheck.token_digest == judging.digest(token),
    )
    return session.scalar(its.with_for_update().execution_options(populate_existing=True))


def _document(session: Session, mandate: Mandate) -> IdentityDocument:
    return IdentityDocument(*principal_document(session, mandate))


def _give_back(session: Session, subjects: tuple[tuple[Quota, str], ...]) -> None:
    for quota, subject in subjects:
        limits.give_back(session, quota, subject)


def _note(
    session: Session,
    mandate_id: uuid.UUID,
    refusal: DomainError | None,
    person_id: uuid.UUID | None = None,
) -> None:
    result: Result = "refused" if refusal else "done"
    act = act_of(
        *(principal(person_id), "family.confirm_by_face"),
        subject_id=person_id,
        object_id=mandate_id,
        reason=refusal.code if refusal else "face",
        result=result,
    )
    audit.record(session, act)
