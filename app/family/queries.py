"""Who may do what for whom, now. Asked on every use: a mandate's end acts at once."""

import uuid
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Select, and_, any_, literal, or_, select

from app.core import clock, crypto
from app.core.db import Session
from app.core.errors import NotFound
from app.core.types import Actor
from app.family import people
from app.family.models import SCOPES, Mandate
from app.family.people import Myself
from app.family.states import as_of
from app.identity.documents import mask_name
from app.identity.queries import masked_name, masked_names

Side = Literal["holder", "principal"]
SELF = "self"


@dataclass(frozen=True)
class Shown:
    """A mandate as one side sees it, with the other side's name masked."""

    mandate: Mandate
    side: Side
    masked_name: str

    @property
    def status(self) -> str:
        """The status that holds today."""
        return as_of(self.mandate.status, self.mandate.until, clock.legal_today())

    @property
    def person_id(self) -> uuid.UUID | None:
        """The principal, for the holder, while the mandate is active."""
        known = self.side == "holder" and self.status == "active"
        return self.mandate.principal_person_id if known else None


def may(session: Session, actor: Actor, person_id: uuid.UUID, scope: str) -> bool:
    """Whether the actor holds a mandate of this person with this scope, accepted and not over."""
    given = select(Mandate.id).where(
        _living(actor, scope), Mandate.principal_person_id == person_id
    )
    return session.scalar(given.limit(1)) is not None


def person_reached(
    session: Session, actor: Actor, subject_id: uuid.UUID | None, scope: str
) -> uuid.UUID:
    """Myself (also when nobody is named), or who gave me a living mandate with this scope.

    Raises `NotFound` alike for a stranger and for an id that belongs to nobody.
    """
    if subject_id in (None, actor.person, actor.account):
        return actor.person
    if subject_id is None or not may(session, actor, subject_id, scope):
        raise NotFound
    return subject_id


def mandated_documents(session: Session, actor: Actor, scope: str) -> set[bytes]:
    """Blind indexes of the documents I hold a living mandate with this scope for."""
    return set(session.scalars(select(Mandate.principal_index).where(_living(actor, scope))))


def list_members(session: Session, actor: Actor) -> list[dict[str, object]]:
    """Myself, then those I may act for."""
    own: dict[str, object] = {
        "person_id": actor.person,
        "masked_name": masked_name(session, actor.person),
        "relation": SELF,
        "scopes": list(SCOPES),
        "until": None,
    }
    given = select(Mandate).where(_living(actor)).order_by(Mandate.accepted_at, Mandate.id)
    return [own] + [
        {
            "person_id": mandate.principal_person_id,
            "masked_name": mask_name(principal_name(session, mandate)),
            "relation": mandate.relation,
            "scopes": mandate.scopes,
            "until": mandate.until,
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


def _living(actor: Actor, scope: str | None = None) -> ColumnElement[bool]:
    held = and_(
        Mandate.holder_person_id == actor.person,
        Mandate.status == "active",
        Mandate.until >= clock.legal_today(),
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
        return Shown(mandate, "holder", mask_name(name))
    if name != me.name:
        return None
    return Shown(mandate, "principal", holder)
