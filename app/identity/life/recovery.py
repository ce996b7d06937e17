"""Coming back with a new phone: name, document and face show whose account it is."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select

from app.audit import services as audit
from app.audit.services import act_of
from app.connectors.exchange import PersonRecord
from app.connectors.faceid import FaceCheck, FaceVerifier
from app.core import clock, limits
from app.core.db import Session, phases
from app.core.errors import DomainError, NotFound
from app.core.http import PartyUnavailable
from app.core.ids import new_id
from app.core.types import Actor
from app.identity import ending, sessions
from app.identity.accounts import lock_accounts, phone_of, set_phone
from app.identity.comeback import AccountMoved, welcome
from app.identity.errors import AlreadyProved, RealNameMismatch
from app.identity.face import judging
from app.identity.face.errors import FaceImpossible, FaceRefused
from app.identity.face.judging import Answer
from app.identity.face.services import CHALLENGE_LIFE, CHECKS_A_DAY, PURPOSE, WITH_PICTURE
from app.identity.life import texts
from app.identity.life.errors import ProofRefused
from app.identity.life.merges import absorb
from app.identity.life.models import FaceProof
from app.identity.models import Account
from app.identity.openid.consents import leave_all
from app.identity.queries import IdentityDocument, identity_document
from app.identity.real_name import ATTEMPTS_A_DAY, Authorities, Claim, bind, person_of
from app.identity.sessions import Granted
from app.identity.states import ACCOUNT, move
from app.identity.ways import links
from app.privacy import consents

#: Of guesses whose number belongs to a name, and of face checks.
QUOTAS = (ATTEMPTS_A_DAY, CHECKS_A_DAY)


@dataclass(frozen=True)
class Begun:
    """A proof under way, and what the person's device needs to do it."""

    proof_id: uuid.UUID
    check: FaceCheck


@dataclass(frozen=True)
class Parties:
    """Who is asked: the authorities about the document, the provider about the face."""

    authorities: Authorities
    verifier: FaceVerifier


def begin(
    session: Session, parties: Parties, actor: Actor, claimed: Claim
) -> Begun | PartyUnavailable:
    """Open a face check of the person named, whether or not they have another account.

    Raises `AlreadyProved`, `FaceImpossible`, `ConsentRequired`, `RealNameMismatch`, `TooManyRequests`.
    """
    proof_id = new_id()

    def prepare() -> None:
        _check(session, actor, claimed)
        for quota in QUOTAS:
            limits.consume(session, quota, str(actor.account))

    def call(_: None) -> tuple[PersonRecord, FaceCheck] | PartyUnavailable | None:
        try:
            found = parties.authorities.verify(claimed)
            if found is None or found.deceased:
                return None
            number = claimed.document.number
            return found, parties.verifier.begin(claimed.name, number, str(proof_id))
        except PartyUnavailable as silent:
            return silent

    def apply(
        _: None, answer: tuple[PersonRecord, FaceCheck] | PartyUnavailable | None
    ) -> Begun | PartyUnavailable:
        if answer is None:
            raise RealNameMismatch
        if isinstance(answer, PartyUnavailable):
            for quota in QUOTAS:
                limits.give_back(session, quota, str(actor.account))
            return answer
        found, check = answer
        person_id = person_of(session, claimed, found)
        session.add(_proof(proof_id, actor, person_id, check))
        return Begun(proof_id, check)

    return phases(session, prepare=prepare, call=call, apply=apply)


def finish(
    session: Session, verifier: FaceVerifier, actor: Actor, proof_id: uuid.UUID, token: str
) -> Granted | DomainError:
    """Ask the provider how the check ended; on success the person's account takes this phone.

    Refusals are outcomes: a proof is used up by a failed attempt, not by an unfinished or unanswered
    one. Another session's proof is unknown: `NotFound`.
    """

    def prepare() -> IdentityDocument | None:
        proof = _mine(session, actor, proof_id)
        consents.require(session, actor, PURPOSE)
        good = judging.use_up(proof, token)
        return identity_document(session, proof.person_id) if good else None

    def apply(document: IdentityDocument | None, answer: Answer) -> Granted | DomainError:
        proof = _mine(session, actor, proof_id)
        refusal = judging.refusal(document, answer, str(proof_id))
        if refusal is None:
            return _come_back(session, actor, proof.person_id)
        if isinstance(refusal, FaceRefused):
            return ProofRefused()
        proof.used_at = None
        return refusal

    return phases(
        session,
        prepare=prepare,
        call=lambda document: judging.ask(verifier, document, token),
        apply=apply,
    )


def forget_old(session: Session) -> int:
    """Delete proofs whose time has been over for a day. Returns how many."""
    old = delete(FaceProof).where(FaceProof.expires_at < clock.now() - timedelta(days=1))
    return session.connection().execute(old).rowcount


def _check(session: Session, actor: Actor, claimed: Claim) -> None:
    if session.get_one(Account, actor.account).person_id is not None:
        raise AlreadyProved
    if claimed.document.type not in WITH_PICTURE:
        raise FaceImpossible
    consents.require(session, actor, PURPOSE)


def _proof(proof_id: uuid.UUID, actor: Actor, person_id: uuid.UUID, check: FaceCheck) -> FaceProof:
    return FaceProof(
        id=proof_id,
        family_id=actor.session_id,
        person_id=person_id,
        token_digest=judging.digest(check.token),
        expires_at=clock.now() + CHALLENGE_LIFE,
        used_at=None,
    )


def _come_back(session: Session, actor: Actor, person_id: uuid.UUID) -> Granted:
    """The person's account gets the phone of the one that was opened with it, which ends."""
    device = sessions.device_of(session, actor)
    known = session.scalar(select(Account.id).where(Account.person_id == person_id))
    if known is None:
        (account,) = lock_accounts(session, actor.account)
        bind(session, account, person_id)
        return sessions.open_session(session, account, device, proved=True)
    fresh, account = lock_accounts(session, actor.account, known)
    if fresh.state != "active" or fresh.person_id is not None:
        raise AccountMoved(retry_after=1)
    phone = phone_of(session, fresh)
    former = phone_of(session, account) if account.phone_sealed else None
    links.forget_all(session, account.id)
    absorb(session, account, fresh, undo=None)
    ending.end_all(session, account.id, "phone_changed")
    leave_all(session, account.id)
    if account.state == "closing":
        welcome(session, account, clock.now())
    account.state = move(ACCOUNT, account.state, "recover")
    account.phone_changed_at = account.proved_at = clock.now()
    set_phone(session, account, phone)
    session.flush()
    for to, said in ((former, "phone_left"), (phone, "phone_came_anew")):
        if to is not None:
            texts.tell(session, to, said)
    act = act_of(actor, "identity.recover_account", subject_id=person_id, reason="face")
    audit.record(session, act)
    return sessions.open_session(session, account, device, proved=True)


def _mine(session: Session, actor: Actor, proof_id: uuid.UUID) -> FaceProof:
    mine = select(FaceProof).where(
        FaceProof.id == proof_id, FaceProof.family_id == actor.session_id
    )
    proof = session.scalar(mine.with_for_update().execution_options(populate_existing=True))
    if proof is None:
        raise NotFound
    return proof
