"""What identity knows of somebody."""

import uuid

from sqlalchemy import delete, select

from app.core.db import Session
from app.identity.accounts import phone_of
from app.identity.ending import end_all
from app.identity.life.models import Merge
from app.identity.models import Account, LoginCode, Person, SessionFamily, WechatLink
from app.identity.queries import identity_document
from app.identity.sessions import device_name
from app.privacy.parts import Kept, Part, Section


def export(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> list[Section]:
    """Account, person, devices, links to WeChat; name and document in clear, they are the owner's."""
    account = session.get_one(Account, account_id)
    devices = select(SessionFamily).where(SessionFamily.account_id == account_id)
    links = select(WechatLink).where(WechatLink.account_id == account_id)
    return [
        Section("account", "账号", "Account", [_account(session, account)]),
        Section("person", "身份", "Identity", [_person(session, person_id)] if person_id else []),
        Section(
            "devices",
            "登录设备",
            "Devices",
            [
                {
                    "name": device_name(session, row),
                    "platform": row.platform,
                    "signed_in_at": row.created_at,
                    "last_used_at": row.rotated_at,
                    "ended_at": row.ended_at,
                }
                for row in session.scalars(devices.order_by(SessionFamily.created_at))
            ],
        ),
        Section(
            "wechat",
            "微信",
            "WeChat",
            [{"openid": row.openid, "linked_at": row.linked_at} for row in session.scalars(links)],
        ),
        Section("merges", "合并的账号", "Merged accounts", _merges(session, account_id)),
    ]


def erase(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> tuple[Kept, ...]:
    """Sign out everywhere; forget WeChat's links and unused codes."""
    end_all(session, account_id)
    account = session.get_one(Account, account_id)
    session.execute(delete(WechatLink).where(WechatLink.account_id == account_id))
    session.execute(delete(LoginCode).where(LoginCode.phone_index == account.phone_index))
    return (
        Kept(
            "身份信息随依法保存的凭证一并加密保存",
            "Identity, encrypted, as long as receipts that name it must be kept",
            "会计档案管理办法 第14条",
        ),
    )


def _merges(session: Session, account_id: uuid.UUID) -> list[dict[str, object]]:
    mine = select(Merge.at, Merge.state, Merge.undone_at).where(Merge.survivor_id == account_id)
    return [dict(row) for row in session.execute(mine.order_by(Merge.at)).mappings()]


def _account(session: Session, account: Account) -> dict[str, object]:
    return {
        "phone": phone_of(session, account),
        "level": account.level,
        "created_at": account.created_at,
        "proved_at": account.proved_at,
    }


def _person(session: Session, person_id: uuid.UUID) -> dict[str, object]:
    person, document = session.get_one(Person, person_id), identity_document(session, person_id)
    return {
        "name": document.name,
        "document_type": document.document_type,
        "document_number": document.document_number,
        "birth_date": person.birth_date,
        "sex": person.sex,
        "household_division": person.household_division,
    }


part = Part(
    name="identity",
    tables=frozenset(
        table.__tablename__
        for table in (Account, Person, SessionFamily, WechatLink, LoginCode, Merge)
    ),
    export=export,
    erase=erase,
)
