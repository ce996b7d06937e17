"""Telling somebody by SMS what happened to their account, also on a phone it no longer has."""

import uuid
from datetime import timedelta
from typing import Final

from sqlalchemy import delete

from app.core import clock, crypto
from app.core.db import Session
from app.core.ids import new_id
from app.core.jobs import defer
from app.identity.life.models import SecurityText

SEND_TASK = "identity.send_security_text"
KEEP = timedelta(days=30)

#: What is said → its words. The template around them gives the time and whom to call.
WORDS: Final = {
    "phone_left": "账号已更换手机号，本号码不再用于登录",
    "phone_came": "本号码已成为账号的登录手机号",
    "phone_came_anew": "本号码已成为账号的登录手机号，原密码和微信、支付宝登录已解除",
    "phone_lost": "本号码已由他人实名使用，原账号已退出登录",
    "merged": "两个账号已合并，30天内可撤销",
    "merge_undone": "账号合并已撤销",
    "signed_out": "平台已让账号在所有设备和网站退出登录",
    "signed_out_ways_too": "平台已让账号全部退出登录，原密码和微信、支付宝登录已解除",
    "closing": "账号已申请注销，等待期内登录即可撤回",
    "closed": "账号已注销，依法须保存的缴费与审计记录除外",
}


def tell(session: Session, phone: str, said: str) -> None:
    """Have `WORDS[said]` sent to the phone (E.164) once the caller commits."""
    row_id = new_id()
    session.add(
        SecurityText(
            id=row_id,
            phone_sealed=crypto.seal(session.core.keys, _field(row_id), phone),
            said=said,
            created_at=clock.now(),
            sent_at=None,
        )
    )
    defer(session, SEND_TASK, queue="sms", text_id=str(row_id))


def recipient(session: Session, row: SecurityText) -> str:
    """The phone (E.164) it goes to."""
    return crypto.unseal(session.core.keys, _field(row.id), row.phone_sealed)


def forget_old(session: Session) -> int:
    """Delete texts a month old. Returns how many."""
    old = delete(SecurityText).where(SecurityText.created_at < clock.now() - KEEP)
    return session.connection().execute(old).rowcount


def _field(row_id: uuid.UUID) -> crypto.Field:
    return crypto.Field("security_texts", "phone_sealed", row_id)
