"""What push knows of somebody: notices, phones, preferences, days that matter."""

import uuid
from typing import Any

from sqlalchemy import delete, select

from app.core.db import Session
from app.privacy.parts import Kept, Part, Section
from push.models import Delivery, Notice, NoticePreference, PersonFact, PushDevice


def export(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> list[Section]:
    """Which notices came when and by which rule; the words are composed anew when they are read."""
    notices = select(
        Notice.created_at,
        Notice.read_at,
        Notice.category,
        Notice.rule,
        Notice.period,
        Notice.due_on,
    ).where(Notice.recipient_account_id == account_id)
    devices = select(PushDevice.channel, PushDevice.registered_at, PushDevice.dropped_at).where(
        PushDevice.account_id == account_id
    )
    muted = select(NoticePreference.category, NoticePreference.muted).where(
        NoticePreference.account_id == account_id
    )
    facts = select(PersonFact.fact, PersonFact.value, PersonFact.source, PersonFact.as_of).where(
        PersonFact.person_id == person_id
    )
    return [
        Section("notices", "消息", "Notices", _rows(session, notices.order_by(Notice.id))),
        Section("push_devices", "推送设备", "Phones knocked on", _rows(session, devices)),
        Section("preferences", "消息偏好", "Preferences", _rows(session, muted)),
        Section("facts", "重要日期", "Days that matter", _rows(session, facts)),
    ]


def erase(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> tuple[Kept, ...]:
    """Everything goes."""
    mine = select(Notice.id).where(Notice.recipient_account_id == account_id)
    phones = select(PushDevice.id).where(PushDevice.account_id == account_id)
    session.execute(
        delete(Delivery).where(Delivery.notice_id.in_(mine) | Delivery.device_id.in_(phones))
    )
    for table, column in (
        (Notice, Notice.recipient_account_id),
        (PushDevice, PushDevice.account_id),
        (NoticePreference, NoticePreference.account_id),
    ):
        session.execute(delete(table).where(column == account_id))
    if person_id is not None:
        session.execute(delete(PersonFact).where(PersonFact.person_id == person_id))
    return ()


def _rows(session: Session, query: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(query).mappings()]


part = Part(
    name="push",
    tables=frozenset(
        table.__tablename__ for table in (Notice, PushDevice, NoticePreference, PersonFact)
    ),
    export=export,
    erase=erase,
)
