"""Opening a face check and counting its result, once, for the session that asked."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update

from app.audit import services as audit
from app.audit.services import act_of
from app.connectors.faceid import FaceCheck, FaceVerifier
from app.core import clock, limits
from app.core.db import Session, phases
from app.core.errors import DomainError, NotFound
from app.core.http import PartyUnavailable
from app.core.ids import new_id
from app.core.limits import Quota
from app.core.types import Actor
from app.identity.accounts import lock_accounts
from app.identity.documents import RESIDENT_ID
from app.identity.face import judging
from app.identity.face.errors import FaceImpossible, FaceRefused
from app.identity.face.judging import Answer
from app.identity.face.models import FaceChallenge
from app.identity.models import SessionFamily
from app.identity.queries import IdentityDocument, identity_document
from app.privacy import consents

#: What a person must have agreed to.
PURPOSE = "face"
#: How long a person may take over the check.
CHALLENGE_LIFE = timedelta(minutes=10)
CHECKS_A_DAY = Quota("face_day", 10, 86_400)
#: Kinds of documents the authority's pictures go by.
WITH_PICTURE = (RESIDENT_ID, "hk_macau_residence_permit", "taiwan_residence_permit")


@dataclass(frozen=True)
class Begun:
    """A challenge, and what the person's device needs to do the check."""

    challenge_id: uuid.UUID
    check: FaceCheck


def begin(session: Session, verifier: FaceVerifier, actor: Actor) -> Begun | PartyUnavailable:
    """Open a check of the actor's own face. Ten a day; one is given back when the provider is silent.

    Raises `FaceImpossible`, `ConsentRequired`, `TooManyRequests`.
    """
    challenge_id = new_id()

    def prepare() -> IdentityDocument:
        document = identity_document(session, actor.person)
        if document.document_type not in WITH_PICTURE:
            raise FaceImpossible
        consents.require(session, actor, PURPOSE)
        limits.consume(session, CHECKS_A_DAY, str(actor.account))
        return document

    def call(document: IdentityDocument) -> FaceCheck | PartyUnavailable:
        try:
            return verifier.begin(document.name, document.document_number, str(challenge_id))
        except PartyUnavailable as silent:
            return silent

    def apply(_: IdentityDocument, check: FaceCheck | PartyUnavailable) -> Begun | PartyUnavailable:
        if isinstance(check, PartyUnavailable):
            limits.give_back(session, CHECKS_A_DAY, str(actor.account))
            return check
        session.add(_challenge(challenge_id, actor, check))
        return Begun(challenge_id, check)

    return phases(session, prepare=prepare, call=call, apply=apply)


def finish(
    session: Session, verifier: FaceVerifier, actor: Actor, challenge_id: uuid.UUID, token: str
) -> SessionFamily | DomainError:
    """Ask the provider how the check ended; on success this session has the level face for a while.

    The challenge is used up by the attempt, and given back while the provider is silent or the person
    not finished: hence outcomes. Another session's challenge is unknown: `NotFound`. Raises
    `ConsentRequired` when the consent was withdrawn meanwhile.
    """

    def prepare() -> IdentityDocument | None:
        challenge = _mine(session, actor, challenge_id)
        consents.require(session, actor, PURPOSE)
        good = judging.use_up(challenge, token)
        return identity_document(session, actor.person) if good else None

    def apply(document: IdentityDocument | None, answer: Answer) -> SessionFamily | DomainError:
        refusal = judging.refusal(document, answer, str(challenge_id))
        if refusal is None:
            return _raise_level(session, actor, challenge_id)
        if not isinstance(refusal, FaceRefused):
            _mine(session, actor, challenge_id).used_at = None
        else:
            _note(session, actor, challenge_id, passed=False)
        return refusal

    return phases(
        session,
        prepare=prepare,
        call=lambda document: judging.ask(verifier, document, token),
        apply=apply,
    )


def end_level(session: Session, account_id: uuid.UUID) -> None:
    """No session of the account has the level face any more: its owner no longer agrees."""
    lock_accounts(session, account_id)
    raised = update(SessionFamily).where(
        SessionFamily.account_id == account_id, SessionFamily.face_until.is_not(None)
    )
    session.execute(raised.values(face_until=None))


def forget_old(session: Session) -> int:
    """Delete challenges whose time has been over for a day. Returns how many."""
    old = delete(FaceChallenge).where(FaceChallenge.expires_at < clock.now() - timedelta(days=1))
    return session.connection().execute(old).rowcount


def _challenge(challenge_id: uuid.UUID, actor: Actor, check: FaceCheck) -> FaceChallenge:
    at = clock.now()
    return FaceChallenge(
        id=challenge_id,
        family_id=actor.session_id,
        token_digest=judging.digest(check.token),
        created_at=at,
        expires_at=at + CHALLENGE_LIFE,
        used_at=None,
    )


def _mine(session: Session, actor: Actor, challenge_id: uuid.UUID) -> FaceChallenge:
    """The challenge of this very session, its row locked."""
    mine = select(FaceChallenge).where(
        FaceChallenge.id == challenge_id, FaceChallenge.family_id == actor.session_id
    )
    challenge = session.scalar(mine.with_for_update().execution_options(populate_existing=True))
    if challenge is None:
        raise NotFound
    return challenge


def _raise_level(session: Session, actor: Actor, challenge_id: uuid.UUID) -> SessionFamily:
    minutes = session.core.settings.face_level_minutes
    (account,) = lock_accounts(session, actor.account)
    consents.require(session, actor, PURPOSE)
    account.proved_at = clock.now()
    family = session.get_one(
        SessionFamily, actor.session_id, with_for_update=True, populate_existing=True
    )
    # Tokens count whole seconds.
    family.face_until = clock.now().replace(microsecond=0) + timedelta(minutes=minutes)
    _note(session, actor, challenge_id, passed=True)
    return family


def _note(session: Session, actor: Actor, challenge_id: uuid.UUID, *, passed: bool) -> None:
    result: audit.Result = "done" if passed else "refused"
    act = act_of(actor, "identity.prove_face", object_id=challenge_id, result=result)
    audit.record(session, act)
