"""Links by which a principal without an account answers one mandate, on any device.

All that lead nowhere look alike.
"""

import hashlib
import secrets
import uuid
from datetime import date, timedelta

from sqlalchemy import delete, select, update

from app.audit import services as audit
from app.audit.destroying import record_destroyed
from app.audit.services import act_of
from app.core import clock, limits
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.limits import Quota
from app.core.types import Actor
from app.family import services
from app.family.ages import ACTS_ALONE, is_at_least
from app.family.errors import FaceLinkOver, GuardianActs, MandateNotOpen
from app.family.models import FaceLink, Mandate, MandateFaceCheck
from app.family.queries import Shown, mandate_of, principal_document, principal_name
from app.family.states import as_of
from app.identity.documents import mask_name, parse_document
from app.identity.face.errors import FaceImpossible
from app.identity.face.services import PURPOSE, WITH_PICTURE
from app.identity.queries import masked_name
from app.privacy import consents

#: Long enough to read everything aloud and to do the check twice.
LIFE = timedelta(minutes=30)
LINKS_A_DAY = Quota("face_links_day", 20, 86_400)
CHANNEL = "face_link"


def open_link(session: Session, actor: Actor, mandate_id: uuid.UUID) -> str:
    """Who asked for a mandate gets the secret of a link for its principal; one before is over.

    Raises `NotFound`, `MandateNotOpen`, `FaceImpossible`, `GuardianActs`, `TooManyRequests`.
    """
    shown = mandate_of(session, actor, mandate_id)
    if shown.side != "holder" or shown.mandate.guardian_as is not None:
        raise NotFound
    if shown.status != "pending":
        raise MandateNotOpen
    _, kind, number = principal_document(session, shown.mandate)
    if kind not in WITH_PICTURE:
        raise FaceImpossible
    document = parse_document(kind, number, clock.legal_today())
    demand_age(document.birth_date if document else None)
    limits.consume(session, LINKS_A_DAY, str(actor.person))
    before = update(FaceLink).where(
        FaceLink.mandate_id == mandate_id, FaceLink.expires_at > clock.now()
    )
    session.execute(before.values(expires_at=clock.now()))
    at, secret = clock.now(), secrets.token_urlsafe(32)
    session.add(
        FaceLink(
            id=new_id(),
            mandate_id=mandate_id,
            secret_hash=_digest(secret),
            created_at=at,
            expires_at=at + LIFE,
            used_at=None,
        )
    )
    audit.record(session, act_of(actor, "family.open_face_link", object_id=mandate_id))
    return secret


def look(session: Session, secret: str) -> Shown:
    """What the principal is asked to agree to. Raises `FaceLinkOver`."""
    _, mandate = opened(session, secret)
    holder = masked_name(session, mandate.holder_person_id)
    return Shown(mandate, "principal", holder, mask_name(principal_name(session, mandate)))


def decline(session: Session, secret: str) -> None:
    """No: the request ends, and so does the consent to a check. Raises `FaceLinkOver`."""
    link, mandate = opened(session, secret)
    person_id = _forget_consent(session, link)
    services.decline(session, mandate)
    link.used_at = clock.now()
    act = act_of(
        principal(person_id),
        "family.decline_by_link",
        subject_id=person_id,
        object_id=mandate.id,
    )
    audit.record(session, act)


def withdraw_consent(session: Session, secret: str) -> None:
    """No face check after all; the request stays, to be confirmed elsewhere. Safe to repeat.

    Raises `FaceLinkOver`.
    """
    link, _ = opened(session, secret)
    _forget_consent(session, link)


def forget_old(session: Session) -> int:
    """Destroy links, with their checks, whose time has been over for a day. Answers how many."""
    before = clock.now() - timedelta(days=1)
    over = select(FaceLink.id).where(FaceLink.expires_at < before)
    checks = delete(MandateFaceCheck).where(MandateFaceCheck.link_id.in_(over))
    gone = session.scalars(checks.returning(MandateFaceCheck.id)).all()
    record_destroyed(session, MandateFaceCheck.__tablename__, gone, before)
    links = delete(FaceLink).where(FaceLink.expires_at < before).returning(FaceLink.id)
    gone = session.scalars(links).all()
    record_destroyed(session, FaceLink.__tablename__, gone, before)
    return len(gone)


def opened(session: Session, secret: str) -> tuple[FaceLink, Mandate]:
    """The link and its mandate under lock, both still good. Raises `FaceLinkOver`."""
    link = session.scalar(select(FaceLink).where(FaceLink.secret_hash == _digest(secret)))
    if link is None:
        raise FaceLinkOver
    mandate = session.get_one(
        Mandate, link.mandate_id, with_for_update=True, populate_existing=True
    )
    # Whoever changes a link holds its mandate.
    session.refresh(link)
    waits = as_of(mandate.status, mandate.until, clock.legal_today()) == "pending"
    if not waits or link.used_at is not None or link.expires_at <= clock.now():
        raise FaceLinkOver
    return link, mandate


def principal(person_id: uuid.UUID | None) -> Actor:
    """The principal, who has no account, as an actor."""
    return Actor("citizen", person_id=person_id)


def demand_age(born: date | None) -> None:
    """Go on only if somebody is old enough to agree alone. Raises `GuardianActs`."""
    if born is not None and not is_at_least(born, ACTS_ALONE, clock.legal_today()):
        raise GuardianActs


def _forget_consent(session: Session, link: FaceLink) -> uuid.UUID | None:
    """Use up the link's checks and take back what was agreed to. Answers who had agreed."""
    checks = select(MandateFaceCheck).where(MandateFaceCheck.link_id == link.id)
    person_id = None
    for check in session.scalars(checks.with_for_update()):
        check.used_at = check.used_at or clock.now()
        person_id = check.person_id
    if person_id is not None:
        consents.withdraw(session, principal(person_id), PURPOSE, CHANNEL)
    return person_id


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
