"""The phones that are knocked on: registered, moved with whoever signs in, dropped."""

import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from app.core import clock, crypto
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.types import Actor
from app.identity.models import SessionFamily, WechatLink
from push.errors import WechatNotLinked
from push.models import PushDevice

#: Living devices an account may have; the one registered longest ago makes room.
MOST = 20


@dataclass(frozen=True)
class Registration:
    """What an app says of itself."""

    channel: str
    #: FCM's registration token; WeChat's is the openid we know already.
    token: str | None
    template_ids: tuple[str, ...]
    language: str


def token_field(device_id: uuid.UUID) -> crypto.Field:
    """Where a device's token is sealed."""
    return crypto.Field("push_devices", "token_sealed", device_id)


def register(session: Session, actor: Actor, said: Registration) -> uuid.UUID:
    """Register the phone for the actor's account, whoever's it was. Raises `WechatNotLinked`.

    The same phone keeps its id. It belongs to whoever signed in last, so that a shared phone does
    not go on ringing for its former owner.
    """
    token = said.token or _openid(session, actor.account)
    keys, now, new = session.core.keys, clock.now(), new_id()
    its_session = select(SessionFamily.device_id).where(SessionFamily.id == actor.session_id)
    row = insert(PushDevice).values(
        id=new,
        account_id=actor.account,
        client_device_id=session.scalar(its_session),
        channel=said.channel,
        token_sealed=crypto.seal(keys, token_field(new), token),
        token_digest=crypto.blind_index(keys, "blind_document", f"push|{said.channel}|{token}"),
        template_ids=list(said.template_ids),
        language=said.language,
        created_at=now,
        registered_at=now,
    )
    anew = row.on_conflict_do_update(
        index_elements=["channel", "token_digest"],
        set_={
            "account_id": actor.account,
            "client_device_id": row.excluded.client_device_id,
            "template_ids": row.excluded.template_ids,
            "language": said.language,
            "registered_at": now,
            "dropped_at": None,
            "dropped_because": None,
        },
    )
    device_id: uuid.UUID = session.scalars(anew.returning(PushDevice.id)).one()
    if device_id != new:
        _seal_anew(session, device_id, token)
    _make_room(session, actor.account)
    return device_id


def signed_in() -> ColumnElement[bool]:
    """Of a `PushDevice`: its account is still signed in on the phone that registered it.

    Asked whenever a knock is made or sent, so that signing out, also from afar, silences a lost phone
    at once; signing in again on the same phone lets it ring again. A phone of which we do not know
    where it was registered rings until it registers again.
    """
    its_session = select(SessionFamily.id).where(
        SessionFamily.account_id == PushDevice.account_id,
        SessionFamily.device_id == PushDevice.client_device_id,
        SessionFamily.ended_at.is_(None),
        SessionFamily.expires_at > clock.now(),
    )
    return or_(PushDevice.client_device_id.is_(None), its_session.exists())


def remove(session: Session, actor: Actor, device_id: uuid.UUID) -> None:
    """Stop knocking on one of the actor's phones. Raises `NotFound` for any other."""
    mine = (
        update(PushDevice)
        .where(
            PushDevice.id == device_id,
            PushDevice.account_id == actor.account,
            PushDevice.dropped_at.is_(None),
        )
        .values(dropped_at=clock.now(), dropped_because="removed")
        .returning(PushDevice.id)
    )
    if session.scalar(mine) is None:
        raise NotFound


def _seal_anew(session: Session, device_id: uuid.UUID, token: str) -> None:
    # The key of the last time may have been killed since.
    sealed = crypto.seal(session.core.keys, token_field(device_id), token)
    session.execute(
        update(PushDevice).where(PushDevice.id == device_id).values(token_sealed=sealed),
        execution_options={"synchronize_session": False},
    )


def _openid(session: Session, account_id: uuid.UUID) -> str:
    link = (
        select(WechatLink.openid)
        .where(WechatLink.account_id == account_id)
        .order_by(WechatLink.linked_at.desc())
        .limit(1)
    )
    openid = session.scalar(link)
    if openid is None:
        raise WechatNotLinked
    return openid


def _make_room(session: Session, account_id: uuid.UUID) -> None:
    surplus = (
        select(PushDevice.id)
        .where(PushDevice.account_id == account_id, PushDevice.dropped_at.is_(None))
        .order_by(PushDevice.registered_at.desc(), PushDevice.id.desc())
        .offset(MOST)
    )
    session.execute(
        update(PushDevice)
        .where(PushDevice.id.in_(surplus.scalar_subquery()))
        .values(dropped_at=clock.now(), dropped_because="too_many"),
        execution_options={"synchronize_session": False},
    )
