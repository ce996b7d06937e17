"""What departments' files say of somebody."""

import uuid
from datetime import timedelta

from sqlalchemy import delete, select

from app.core.db import Session
from app.identity.legacy.linking import plain
from app.identity.legacy.models import LegacySource, LegacyUser
from app.privacy.parts import Kept, Part, Rule, Section

#: How long somebody whom no account claims is kept after the last file that named them.
UNCLAIMED_KEPT = timedelta(days=366)


def export(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> list[Section]:
    """All that was imported about the owner of the account, in clear."""
    mine = (
        select(LegacyUser, LegacySource.name_zh)
        .join(LegacySource, LegacySource.code == LegacyUser.source)
        .where(LegacyUser.linked_account_id == account_id)
        .order_by(LegacyUser.id)
    )
    rows = [_row(session, user, source) for user, source in session.execute(mine)]
    return [Section("linked_accounts", "部门网站的老账号", "Accounts at departments", rows)]


def erase(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> tuple[Kept, ...]:
    """All of it; the departments' own systems keep theirs."""
    session.execute(delete(LegacyUser).where(LegacyUser.linked_account_id == account_id))
    return ()


def _row(session: Session, user: LegacyUser, source: str) -> dict[str, object]:
    return {
        "source": source,
        "external_id": plain(session, user, "external_sealed"),
        "name": plain(session, user, "name_sealed"),
        "document_type": user.document_type,
        "document_number": plain(session, user, "document_sealed"),
        "phone": plain(session, user, "phone_sealed"),
        "registered_at": user.registered_at,
        "linked_at": user.linked_at,
        "unlinked_at": user.unlinked_at,
    }


part = Part(
    name="legacy",
    tables=frozenset({LegacyUser.__tablename__}),
    export=export,
    erase=erase,
    retention=(
        Rule(
            "legacy_users",
            UNCLAIMED_KEPT,
            "个人信息保护法 第19条",
            "linked_account_id IS NULL AND import_id IN"
            " (SELECT id FROM legacy_imports WHERE started_at < :before)",
        ),
    ),
)
