"""Who may do what for whom, now. Asked on every use: a mandate's end acts at once."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Select, and_, any_, literal, or_, select

from app.core import clock, crypto
from app.core.db import Session
from app.core.errors import NotFound
from app.core.types import Actor
from app.family import people
from app.family.models import GUARDIANS_SCOPES, Mandate
from app.family.people import Myself
from app.family.states import as_of
from app.identity.documents import mask_name
from app.identity.queries import masked_name, masked_names

Side = Literal["holder", "principal"]
SELF = "self"
#: What the register said of a guardian counts so long, should the sweep or the register be down.
REGISTER_HOLDS = timedelta(days=7)


@dataclass(frozen=True)
class Shown:
    """A mandate as one side sees it, both names masked."""

    mandate: Mandate
    side: Side
    holder_name: str
    principal_name: str

    @property
    def masked_name(self) -> str:
        """The other side's name."""
        return self.principal_name if self.side == "holder" else self.holder_name

    @property
    def status(self) -> str:
        """The status that holds today."""
        return as_of(self.mandate.status, self.mandate.until, clock.legal_today())

    @property
    def person_id(self) -> uuid.UUID | None:
        """The principal, for the holder, while the mandate is active."""
        known = self.side == "holder" and self.status == "active"
        return self.mandate.principal_person_id if known else None


@dataclass(frozen=True)
class Reached:
    """Whom somebody acts for: themselves, or another by this mandate."""

    person_id: uuid.UUID
    mandate_id: uuid.UUID | None


def held_by(actor: Actor, scope: str) -> Select[Mandate]:
    """The mandates with this scope by which the actor may act at this moment."""
    return select(Mandate).where(_living(actor, scope))


def may(session: Session, actor: Actor, person_id: uuid.UUID, scope: str) -> bool:
    """Whether the actor holds a mandate of this person with this scope, accepted and not over."""
    return _mandate(session, actor, person_id, scope) is not None


def reach(session: Session, actor: Actor, subject_id: uuid.UUID | None, scope: str) -> Reached:
    """Myself (also when nobody is named), or who gave me a living mandate with this scope.

    The mandate cannot end before the caller's commit. Raises `NotFound` alike for a stranger and for
    an id that belongs to nobody.
    """
    if subject_id in (None, actor.person, actor.account):
        return Reached(actor.person, None)
    mandate_id = subject_id and _mandate(session, actor, subject_id, scope)
    if not subject_id or not mandate_id:
        raise NotFound
    return Reached(subject_id, mandate_id)


def mandated_documents(session: Session, actor: Actor, scope: str) -> set[bytes]:
    """Blind indexes of the documents I hold a living mandate with this scope for."""
    return set(session.scalars(select(Mandate.principal_index).where(_living(actor, scope))))


def list_members(session: Session, actor: Actor) -> list[dict[str, object]]:
    """Myself, then those I may act for."""
    own: dict[str, object] = {
        "person_id": actor.person,
        "masked_name": masked_name(session, actor.person),
        "relation": SELF,
        "scopes": list(GUARDIANS_SCOPES),
        "until": None,
        "guardian_as": None,
    }
    given = select(Mandate).where(_living(actor)).order_by(Mandate.accepted_at, Mandate.id)
    return [own] + [
        {
            "person_id": mandate.principal_person_id,
            "masked_name": mask_name(principal_name(session, mandate)),
            "relation": mandate.relation,
            "scopes": mandate.scopes,
            "until": mandate.until,
            "guardian_as": mandate.guardian_as,
        }
        for mandate in session.scalars(given)
    ]


def list_mandates(
    session: Session, actor: Actor, *, before: uuid.UUID | None, limit: int
) -> tuple[list[Shown], uuid.UUID | None]:
    """Mandates I hold or am asked for, newest first, and where the next page begins.

    A mandate that has my number under another name is not mine and not shown, so a page may be
    shorter than `limit`.
    """
    me = people.myself(session, actor)
    mine = _touching(actor, me).order_by(Mandate.id.desc()).limit(limit + 1)
    if before is not None:
        mine = mine.where(Mandate.id < before)
    rows = session.scalars(mine).all()
    names = masked_names(session, {row.holder_person_id for row in rows[:limit]})
    shown = (_shown(session, actor, me, row, names[row.holder_person_id]) for row in rows[:limit])
    page = [each for each in shown if each]
    return page, rows[limit - 1].id if len(rows) > limit else None


def mandate_of(session: Session, actor: Actor, mandate_id: uuid.UUID) -> Shown:
    """One mandate that concerns the actor, its row locked. Raises `NotFound`."""
    me = people.myself(session, actor)
    row = session.scalar(_touching(actor, me).where(Mandate.id == mandate_id).with_for_update())
    if row is None:
        raise NotFound
    shown = _shown(session, actor, me, row, masked_name(session, row.holder_person_id))
    if shown is None:
        raise NotFound
    return shown


def principal_name(session: Session, mandate: Mandate) -> str:
    """The principal's name as the holder gave it: never for an answer, except masked."""
    field = crypto.Field("mandates", "principal_name_sealed", mandate.id)
    return crypto.unseal(session.core.keys, field, mandate.principal_name_sealed)


def principal_document(session: Session, mandate: Mandate) -> tuple[str, str, str]:
    """Name, kind of document and number as the holder gave them: for outside parties alone."""
    field = crypto.Field("mandates", "principal_document_sealed", mandate.id)
    number = crypto.unseal(session.core.keys, field, mandate.principal_document_sealed)
    return principal_name(session, mandate), mandate.principal_document_type, number


def _mandate(session: Session, actor: Actor, person_id: uuid.UUID, scope: str) -> uuid.UUID | None:
    given = select(Mandate.id).where(
        _living(actor, scope), Mandate.principal_person_id == person_id
    )
    return session.scalar(given.limit(1).with_for_update(read=True))


def _living(actor: Actor, scope: str | None = None) -> ColumnElement[bool]:
    held = and_(
        Mandate.holder_person_id == actor.person,
        Mandate.status == "active",
        Mandate.until >= clock.legal_today(),
        or_(Mandate.guardian_as.is_(None), Mandate.checked_at > clock.now() - REGISTER_HOLDS),
    )
    return held if scope is None else and_(held, literal(scope) == any_(Mandate.scopes))


def _touching(actor: Actor, me: Myself) -> Select[Mandate]:
    concerned = or_(Mandate.holder_account_id == actor.account, Mandate.principal_index == me.index)
    return select(Mandate).where(concerned)


def _shown(
    session: Session, actor: Actor, me: Myself, mandate: Mandate, holder: str
) -> Shown | None:
    name = principal_name(session, mandate)
    if mandate.holder_account_id == actor.account:
        return Shown(mandate, "holder", holder, mask_name(name))
    if name != me.name:
        return None
    return Shown(mandate, "principal", holder, mask_name(name))
