"""The phones that ring follow their owner when two accounts become one, and go back."""

import uuid

from sqlalchemy import select, update

from app.core.db import Session
from app.identity.life.models import Merge, MergedThing
from push.models import PushDevice

KIND = PushDevice.__tablename__


def follow_merge(session: Session, merge_id: uuid.UUID) -> None:
    """Put the phones where the merge says they belong now. Safe to repeat, in any order."""
    merge = session.get(Merge, merge_id, with_for_update=True)
    if merge is None:
        return
    if merge.state == "undone":
        _give_back(session, merge)
        return
    moved = (
        update(PushDevice)
        .where(PushDevice.account_id == merge.other_id, PushDevice.dropped_at.is_(None))
        .values(account_id=merge.survivor_id)
        .returning(PushDevice.id)
    )
    for device_id in session.scalars(moved).all():
        session.add(MergedThing(merge_id=merge.id, kind=KIND, key=str(device_id)))


def _give_back(session: Session, merge: Merge) -> None:
    keys = session.scalars(
        select(MergedThing.key).where(MergedThing.merge_id == merge.id, MergedThing.kind == KIND)
    ).all()
    session.execute(
        update(PushDevice)
        .where(
            PushDevice.id.in_([uuid.UUID(each) for each in keys]),
            PushDevice.account_id == merge.survivor_id,
        )
        .values(account_id=merge.other_id)
    )
