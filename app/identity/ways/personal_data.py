"""What the other ways in know of somebody."""

import uuid

from sqlalchemy import Executable, delete, select

from app.core.db import Session
from app.identity.ways.models import AccountPassword, AlipayLink, ScanLogin
from app.privacy.parts import Kept, Part, Section


def export(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> list[Section]:
    """Since when there is a password (nobody can tell which), users of Alipay, sign-ins by QR code."""
    passwords = select(AccountPassword.set_at).where(AccountPassword.account_id == account_id)
    links = select(AlipayLink.kind, AlipayLink.subject, AlipayLink.linked_at)
    scans = select(ScanLogin.created_at, ScanLogin.client_kind, ScanLogin.state)
    return [
        Section("password", "登录密码", "Password", _rows(session, passwords)),
        Section(
            "alipay",
            "支付宝",
            "Alipay",
            _rows(session, links.where(AlipayLink.account_id == account_id)),
        ),
        Section(
            "scan_logins",
            "扫码登录",
            "Sign-ins by QR code",
            _rows(session, scans.where(ScanLogin.account_id == account_id)),
        ),
    ]


def erase(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> tuple[Kept, ...]:
    """All of it."""
    for table in (AccountPassword, AlipayLink, ScanLogin):
        session.execute(delete(table).where(table.account_id == account_id))
    return ()


def _rows(session: Session, mine: Executable) -> list[dict[str, object]]:
    return [dict(row) for row in session.execute(mine).mappings()]


part = Part(
    name="ways",
    tables=frozenset(table.__tablename__ for table in (AccountPassword, AlipayLink, ScanLogin)),
    export=export,
    erase=erase,
)
