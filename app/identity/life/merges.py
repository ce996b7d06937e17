"""One account instead of two (账号合并), after proof of both phones; and back again for thirty days."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from app.audit import services as audit
from app.audit.services import act_of
from app.core import clock, crypto, events
from app.core.db import Session
from app.core.errors import DomainError, NotFound
from app.core.ids import new_id
from app.core.types import Actor
from app.identity import ending, login_codes, sessions
from app.identity.accounts import (
    lock_accounts,
    own_account,
    phone_index,
    phone_of,
    set_phone,
    take_phone,
)
from app.identity.comeback import AccountMoved, welcome
from app.identity.errors import CodeRefused
from app.identity.life import texts
from app.identity.life.errors import (
    MergeFromTheOther,
    MergeOfTwoPersons,
    MergeOver,
    PhoneTakenSince,
    SamePhone,
)
from app.identity.life.events import MergeChanged
from app.identity.life.models import Merge, MergedThing
from app.identity.life.phones import holder_of
from app.identity.login_codes import Guess
from app.identity.models import Account, WechatLink
from app.identity.openid.consents import leave_all
from app.identity.states import ACCOUNT, MERGE, MoveRefused, move
from app.identity.ways.models import AlipayLink

PURPOSE = login_codes.MERGE
UNDO = timedelta(days=30)
#: Merges whose time is over that one transaction of the sweep makes final.
BATCH = 500


@dataclass(frozen=True)
class BothPhones:
    """The other account's phone (E.164), and the codes sent to it and to mine."""

    phone: str
    code: str
    own_code: str


def merge(session: Session, actor: Actor, both: BothPhones) -> Merge | DomainError:
    """Let the account of the other phone go on in mine. It ends, and all its devices are signed out.

    Only an account without a real name can end in another: one person never has two with it. A wrong
    code is an outcome. Raises `SamePhone`, `NotFound` (no account there), `MergeFromTheOther`,
    `MergeOfTwoPersons`, `AccountMoved`.
    """
    own = phone_of(session, own_account(session, actor))
    if both.phone == own:
        raise SamePhone
    device = sessions.device_of(session, actor).id
    for field, phone, code in (("own_code", own, both.own_code), ("code", both.phone, both.code)):
        if not login_codes.prove(session, Guess(phone, code, purpose=PURPOSE), device):
            return CodeRefused(fields={field: [f"{CodeRefused.zh} {CodeRefused.en}"]})
    mine, other = _both(session, (actor.account, own), both.phone)
    if other.person_id is not None:
        raise MergeOfTwoPersons if mine.person_id else MergeFromTheOther
    welcome(session, other, clock.now())
    made = absorb(session, mine, other, undo=UNDO)
    for phone in (phone_of(session, mine), both.phone):
        texts.tell(session, phone, "merged")
    _note(session, actor, "identity.merge_accounts", made)
    return made


def absorb(session: Session, mine: Account, other: Account, *, undo: timedelta | None) -> Merge:
    """End `other` in `mine`, both locked. Without `undo` it is final at once."""
    at, row_id = clock.now(), new_id()
    sealed = crypto.seal(session.core.keys, _field(row_id), phone_of(session, other))
    made = Merge(
        id=row_id,
        survivor_id=mine.id,
        other_id=other.id,
        state="done" if undo else "final",
        phone_sealed=sealed if undo else None,
        at=at,
        undo_until=at + (undo or timedelta(0)),
        undone_at=None,
    )
    session.add(made)
    ending.end_all(session, other.id, "merged")
    leave_all(session, other.id)
    other.state = move(ACCOUNT, other.state, "merge")
    take_phone(other)
    session.flush()
    links = update(WechatLink).where(WechatLink.account_id == other.id)
    for openid in session.scalars(
        links.values(account_id=mine.id).returning(WechatLink.openid)
    ).all():
        session.add(MergedThing(merge_id=row_id, kind="wechat_links", key=openid))
    alipay = update(AlipayLink).where(AlipayLink.account_id == other.id)
    for subject in session.scalars(
        alipay.values(account_id=mine.id).returning(AlipayLink.subject)
    ).all():
        session.add(MergedThing(merge_id=row_id, kind="alipay_links", key=subject))
    session.flush()
    events.record(session, MergeChanged(merge_id=str(row_id)))
    return made


def undo(session: Session, actor: Actor, merge_id: uuid.UUID) -> Merge:
    """Make two accounts of one again, each as it was; the other signs in with its own phone.

    Raises `NotFound`, `MergeOver`, `PhoneTakenSince`.
    """
    found = session.get(Merge, merge_id)
    if found is None or found.survivor_id != actor.account:
        raise NotFound
    mine, other = lock_accounts(session, found.survivor_id, found.other_id)
    session.refresh(found, with_for_update=True)
    if found.phone_sealed is None or found.undo_until <= clock.now():
        raise MergeOver
    try:
        found.state = move(MERGE, found.state, "undo")
    except MoveRefused:
        raise MergeOver from None
    phone = crypto.unseal(session.core.keys, _field(found.id), found.phone_sealed)
    found.undone_at = clock.now()
    try:
        with session.begin_nested():
            set_phone(session, other, phone)
            other.state = move(ACCOUNT, other.state, "undo_merge")
    except IntegrityError:
        raise PhoneTakenSince from None
    _give_back(session, found)
    for each in (phone_of(session, mine), phone):
        texts.tell(session, each, "merge_undone")
    events.record(session, MergeChanged(merge_id=str(found.id)))
    _note(session, actor, "identity.undo_merge", found)
    return found


def my_merges(session: Session, actor: Actor) -> list[Merge]:
    """What ended in my account, newest first."""
    mine = select(Merge).where(Merge.survivor_id == actor.account)
    return list(session.scalars(mine.order_by(Merge.at.desc()).limit(50)))


def finish_overdue(session: Session) -> int:
    """Make up to `BATCH` merges final whose thirty days are over. Answers how many."""
    overdue = (
        select(Merge)
        .where(Merge.state == "done", Merge.undo_until < clock.now())
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = session.scalars(overdue).all()
    for row in rows:
        row.state, row.phone_sealed = move(MERGE, row.state, "expire"), None
    session.execute(delete(MergedThing).where(MergedThing.merge_id.in_([row.id for row in rows])))
    return len(rows)


def _both(session: Session, mine: tuple[uuid.UUID, str], phone: str) -> tuple[Account, Account]:
    """My account and that of the phone, locked. After the codes: signing in locks in this order too."""
    account_id, own = mine
    holder = holder_of(session, phone)
    if holder is None:
        raise NotFound
    locked = lock_accounts(session, account_id, holder)
    indexes = [phone_index(session, each) for each in (own, phone)]
    if [each.phone_index for each in locked] != indexes:
        raise AccountMoved(retry_after=1)
    return locked[0], locked[1]


def _give_back(session: Session, found: Merge) -> None:
    for table, key, kind in (
        (WechatLink, WechatLink.openid, "wechat"),
        (AlipayLink, AlipayLink.subject, "alipay"),
    ):
        moved = select(MergedThing.key).where(
            MergedThing.merge_id == found.id, MergedThing.kind == f"{kind}_links"
        )
        keys = session.scalars(moved).all()
        session.execute(
            update(table)
            .where(
                key.in_(keys),
                table.account_id == found.survivor_id,
                # Removed since and linked anew, it is the survivor's own.
                table.linked_at <= found.at,
            )
            .values(account_id=found.other_id)
        )
        devices = {f"{kind}:{each}" for each in keys}
        ending.end_devices(session, found.survivor_id, devices, "remote")


def _note(session: Session, actor: Actor, action: str, made: Merge) -> None:
    act = act_of(actor, action, subject_id=actor.person_id, object_id=made.id)
    audit.record(session, act)


def _field(row_id: uuid.UUID) -> crypto.Field:
    return crypto.Field("account_merges", "phone_sealed", row_id)
