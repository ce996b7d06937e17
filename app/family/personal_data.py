"""What family knows of somebody: the mandates they hold and gave."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, delete, or_, select

from app.core import clock
from app.core.db import Session
from app.family.models import FaceLink, Mandate, MandateUse
from app.family.queries import principal_name
from app.family.services import revoke
from app.family.states import LIVING, as_of
from app.identity.documents import mask_name
from app.identity.queries import masked_names
from app.privacy.parts import Kept, Part, Rule, Section

LAW = "民法典 第188条、第190条"
#: Claims about what was done lapse after three years; those of a child against a guardian begin with
#: the end of the guardianship. What was paid stands in the books, which have a time of their own.
KEPT = timedelta(days=3 * 366)


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
                    "guardian_as": row.guardian_as,
                    "confirmed_how": row.confirmed_how,
                    "number": row.number,
                    "created_at": row.created_at,
                    "ended_at": row.ended_at,
                    "ended_how": row.ended_how,
                }
                for row in rows
            ],
        ),
        Section("mandate_uses", "代办记录", "What was done by mandate", _used(session, rows)),
    ]


def erase(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> tuple[Kept, ...]:
    """End every mandate, on both sides, but not who has the register's word as a guardian."""
    today = clock.legal_today()
    for row in session.scalars(_mine(account_id, person_id).with_for_update()).all():
        if row.guardian_as is not None and row.holder_account_id != account_id:
            continue
        if as_of(row.status, row.until, today) in LIVING:
            revoke(session, row, "system")
        row.phone_sealed = None
        session.execute(delete(FaceLink).where(FaceLink.mandate_id == row.id))
    session.flush()
    return (Kept("授权结束后，记录保存三年", "Mandates, for three years after their end", LAW),)


def _used(session: Session, rows: Sequence[Mandate]) -> list[dict[str, Any]]:
    numbers = {row.id: row.number for row in rows}
    uses = select(MandateUse).where(MandateUse.mandate_id.in_(numbers)).order_by(MandateUse.id)
    return [
        {"mandate": numbers[use.mandate_id], "act": use.act, "at": use.at}
        for use in session.scalars(uses)
    ]


def _mine(account_id: uuid.UUID, person_id: uuid.UUID | None) -> Select[Mandate]:
    held = Mandate.holder_account_id == account_id
    given = Mandate.principal_person_id == person_id
    return select(Mandate).where(or_(held, given) if person_id else held).order_by(Mandate.id)


part = Part(
    name="family",
    tables=frozenset({Mandate.__tablename__, MandateUse.__tablename__}),
    export=export,
    erase=erase,
    retention=(
        Rule(
            "mandate_uses",
            KEPT,
            LAW,
            "mandate_id IN (SELECT id FROM mandates WHERE ended_at < :before)",
        ),
        Rule(
            "mandates",
            KEPT,
            LAW,
            "ended_at < :before AND NOT EXISTS (SELECT FROM mandate_uses u"
            " WHERE u.mandate_id = mandates.id)",
        ),
    ),
)
