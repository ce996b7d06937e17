"""What the other ways in know of somebody."""

import uuid

from sqlalchemy import delete, select

from app.core.db import Session
from app.identity.ways.models import AccountPassword
from app.privacy.parts import Kept, Part, Section


def export(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> list[Section]:
    """Since when there is a password; the password itself nobody can tell."""
    mine = select(AccountPassword.set_at).where(AccountPassword.account_id == account_id)
    return [Section("password", "登录密码", "Password", _rows(session, mine))]


def erase(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> tuple[Kept, ...]:
    """All of it."""
    session.execute(delete(AccountPassword).where(AccountPassword.account_id == account_id))
    return ()


def _rows(session: Session, mine: object) -> list[dict[str, object]]:
    return [dict(row) for row in session.execute(mine).mappings()]  # type: ignore[call-overload]


part = Part(
    name="ways", tables=frozenset({AccountPassword.__tablename__}), export=export, erase=erase
)
