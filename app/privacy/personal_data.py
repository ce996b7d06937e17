"""What the lowest domains know of somebody: consents, exports, and the audit trail."""

import uuid
from datetime import timedelta

from sqlalchemy import or_, select

from app.audit.models import AuditRow
from app.core.db import Session
from app.privacy.models import ConsentEvent, DataExport
from app.privacy.parts import Kept, Part, Rule, Section

#: Civil claims lapse after three years; the least the law on network security asks is six months.
AUDIT_KEPT = timedelta(days=3 * 366)


def export(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> list[Section]:
    """Consents in full; of the audit trail what I did and what was done to my data."""
    own = ConsentEvent.account_id == account_id
    if person_id is not None:
        # What they agreed to before they had an account.
        own = or_(own, ConsentEvent.person_id == person_id)
    mine = select(ConsentEvent).where(own)
    consents = [
        {
            "at": row.at,
            "purpose": row.purpose,
            "notice_version": row.notice_version,
            "act": row.act,
            "channel": row.channel,
        }
        for row in session.scalars(mine.order_by(ConsentEvent.id))
    ]
    return [
        Section("consents", "同意记录", "Consents", consents),
        Section("acts", "操作记录", "What I did", _acts(session, AuditRow.actor_id, account_id)),
        Section(
            "uses",
            "我的信息被使用的记录",
            "Uses of my data",
            _acts(session, AuditRow.subject_id, person_id) if person_id else [],
        ),
    ]


def erase(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> tuple[Kept, ...]:
    """Nothing: these are the proofs that everything else was lawful."""
    return (
        Kept(
            "同意记录和审计记录保存三年",
            "Consents and the audit trail, for three years",
            "个人信息保护法 第14条；网络安全法 第21条第3项；民法典 第188条",
        ),
    )


def _acts(session: Session, column: object, value: uuid.UUID) -> list[dict[str, object]]:
    found = select(AuditRow.at, AuditRow.actor_kind, AuditRow.action, AuditRow.result)
    acts = found.where(column == value).order_by(AuditRow.at)  # type: ignore[arg-type]
    return [dict(row) for row in session.execute(acts).mappings()]


part = Part(
    name="privacy",
    tables=frozenset(
        {ConsentEvent.__tablename__, DataExport.__tablename__, AuditRow.__tablename__}
    ),
    export=export,
    erase=erase,
    retention=(Rule("audit_rows", AUDIT_KEPT, "网络安全法 第21条第3项；民法典 第188条"),),
)
