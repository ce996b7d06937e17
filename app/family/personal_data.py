"""What family knows of somebody: the mandates they hold and gave."""

import uuid

from sqlalchemy import Select, or_, select

from app.core import clock
from app.core.db import Session
from app.family.models import Mandate
from app.family.queries import principal_name
from app.family.states import LIVING
from app.identity.documents import mask_name
from app.identity.queries import masked_names
from app.privacy.parts import Kept, Part, Section


def export(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> list[Section]:
    """Both sides' mandates; the other side's name masked."""
    rows = session.scalars(_mine(account_id, person_id)).all()
    names = masked_names(session, {row.holder_person_id for row in rows})
    return [
        Section(
            "mandates",
            "授权",
            "Mandates",
            [
                {
                    "i_am": "holder" if row.holder_account_id == account_id else "principal",
                    "holder": names[row.holder_person_id],
                    "principal": mask_name(principal_name(session, row)),
                    "relation": row.relation,
                    "scopes": row.scopes,
                    "until": row.until,
                    "status": row.status,
                    "created_at": row.created_at,
                    "ended_at": row.ended_at,
                }
                for row in rows
            ],
        )
    ]


def erase(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> tuple[Kept, ...]:
    """End every mandate, on both sides."""
    for row in session.scalars(_mine(account_id, person_id).with_for_update()):
        if row.status in LIVING:
            row.status, row.ended_at, row.ended_by = "revoked", clock.now(), "system"
    session.flush()
    return (Kept("授权记录保存三年", "Mandates, for three years", "民法典 第188条"),)


def _mine(account_id: uuid.UUID, person_id: uuid.UUID | None) -> Select[Mandate]:
    held = Mandate.holder_account_id == account_id
    given = Mandate.principal_person_id == person_id
    return select(Mandate).where(or_(held, given) if person_id else held).order_by(Mandate.id)


part = Part(
    name="family",
    tables=frozenset({Mandate.__tablename__}),
    export=export,
    erase=erase,
)
