"""What belongs to an account follows it when two become one, and goes back when they part."""

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, select, update

from app.core.db import Session
from app.identity.life.models import Merge, MergedThing


def follow(
    session: Session, merge_id: uuid.UUID, table: Any, moves: Callable[[Merge], ColumnElement[bool]]
) -> None:
    """Put the rows of `table` (`id`, `account_id`) where the merge says they belong now.

    `moves` says which of the ended account's go along. Safe to repeat, in any order.
    """
    merge = session.get(Merge, merge_id, with_for_update=True)
    if merge is None:
        return
    kind = table.__tablename__
    if merge.state == "undone":
        _give_back(session, merge, table, kind)
        return
    moved = (
        update(table)
        .where(table.account_id == merge.other_id, moves(merge))
        .values(account_id=merge.survivor_id)
        .returning(table.id)
    )
    for row_id in session.scalars(moved).all():
        session.add(MergedThing(merge_id=merge.id, kind=kind, key=str(row_id)))


def _give_back(session: Session, merge: Merge, table: Any, kind: str) -> None:
    keys = session.scalars(
        select(MergedThing.key).where(MergedThing.merge_id == merge.id, MergedThing.kind == kind)
    ).all()
    session.execute(
        update(table)
        .where(
            table.id.in_([uuid.UUID(each) for each in keys]),
            table.account_id == merge.survivor_id,
        )
        .values(account_id=merge.other_id)
    )
