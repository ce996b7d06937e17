"""For whom somebody may act, and has acted: their rights at organisations."""

import uuid

from sqlalchemy import select

from app.core import clock
from app.core.db import Session
from app.identity.organisations.models import Operator, Organisation
from app.privacy.parts import Kept, Part, Section


def export(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> list[Section]:
    """What organisations entrusted to this person."""
    mine = (
        select(
            Organisation.name.label("organisation"),
            Operator.scopes,
            Operator.until,
            Operator.status,
            Operator.accepted_at,
            Operator.ended_at,
        )
        .join(Organisation, Organisation.id == Operator.organisation_id)
        .where(Operator.person_id == person_id)
    )
    rows = [dict(row) for row in session.execute(mine.order_by(Operator.id)).mappings()]
    return [Section("organisations", "经办单位", "Organisations I act for", rows)]


def erase(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> tuple[Kept, ...]:
    """Act for no organisation any more."""
    living = select(Operator).where(Operator.person_id == person_id, Operator.status == "active")
    for row in session.scalars(living.with_for_update()):
        row.status, row.ended_at, row.ended_by = "ended", clock.now(), "operator"
    session.flush()
    return (Kept("经办授权记录保存三年", "Rights of operators, for three years", "民法典 第188条"),)


part = Part(
    name="organisations",
    tables=frozenset({Operator.__tablename__}),
    export=export,
    erase=erase,
)
