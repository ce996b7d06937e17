"""What an account does not want to hear of. Some things it must hear."""

import uuid
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Session
from app.core.types import Actor
from push.errors import CategoryNotMutable
from push.models import CATEGORIES, Delivery, Notice, NoticePreference
from push.rulebook import STATUTORY, all_rules


def shown(session: Session, actor: Actor, language: str) -> dict[str, Any]:
    """Every category, whether it is muted, and why it cannot be where it cannot."""
    muted = _muted(session, actor.account)
    reason = CategoryNotMutable().words(language)
    return {
        "muted": [each for each in CATEGORIES if each in muted],
        "items": [
            {
                "category": each,
                "muted": each in muted,
                "mutable": each not in STATUTORY,
                "reason": reason if each in STATUTORY else None,
            }
            for each in CATEGORIES
        ],
    }


def mute(session: Session, actor: Actor, muted: list[str]) -> None:
    """Mute these categories and no others. Raises `CategoryNotMutable`.

    A muted category makes no notices, and phones do not ring for those still on their way.
    """
    statutory = [each for each in muted if each in STATUTORY]
    if statutory:
        raise CategoryNotMutable(fields={"muted": statutory})
    mutable = [each for each in CATEGORIES if each not in STATUTORY]
    rows = insert(NoticePreference).values(
        [
            {"account_id": actor.account, "category": each, "muted": each in muted}
            for each in mutable
        ]
    )
    session.execute(
        rows.on_conflict_do_update(
            index_elements=["account_id", "category"], set_={"muted": rows.excluded.muted}
        )
    )
    _silence(session, actor.account, muted)


def _muted(session: Session, account_id: uuid.UUID) -> set[str]:
    return set(
        session.scalars(
            select(NoticePreference.category).where(
                NoticePreference.account_id == account_id, NoticePreference.muted
            )
        )
    )


def _silence(session: Session, account_id: uuid.UUID, muted: list[str]) -> None:
    optional = {rule.id for rule in all_rules().values() if rule.opt_out}
    mine = select(Notice.id).where(
        Notice.recipient_account_id == account_id,
        Notice.category.in_(muted),
        Notice.rule.in_(optional),
    )
    session.execute(
        update(Delivery)
        .where(Delivery.state == "pending", Delivery.notice_id.in_(mine))
        .values(state="dropped", last_error="muted"),
        execution_options={"synchronize_session": False},
    )
