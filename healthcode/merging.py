"""Where somebody may scan follows them when two accounts become one, and goes back."""

import uuid

from sqlalchemy import select, update
from sqlalchemy.orm import aliased

from app.core.db import Session
from app.identity.life.models import Merge, MergedThing
from healthcode.models import VenueStaff

KIND = VenueStaff.__tablename__


def follow_merge(session: Session, merge_id: uuid.UUID) -> None:
    """Put the memberships where the merge says they belong now. Safe to repeat, in any order.

    Where the account that stays was once a member itself, what was decided of that stays.
    """
    merge = session.get(Merge, merge_id, with_for_update=True)
    if merge is None:
        return
    if merge.state == "undone":
        _give_back(session, merge)
        return
    own = aliased(VenueStaff)
    theirs = select(own.venue_id).where(own.account_id == merge.survivor_id)
    moved = (
        update(VenueStaff)
        .where(VenueStaff.account_id == merge.other_id, VenueStaff.venue_id.not_in(theirs))
        .values(account_id=merge.survivor_id)
        .returning(VenueStaff.id)
    )
    for staff_id in session.scalars(moved).all():
        session.add(MergedThing(merge_id=merge.id, kind=KIND, key=str(staff_id)))


def _give_back(session: Session, merge: Merge) -> None:
    keys = session.scalars(
        select(MergedThing.key).where(MergedThing.merge_id == merge.id, MergedThing.kind == KIND)
    ).all()
    session.execute(
        update(VenueStaff)
        .where(
            VenueStaff.id.in_([uuid.UUID(each) for each in keys]),
            VenueStaff.account_id == merge.survivor_id,
        )
        .values(account_id=merge.other_id)
    )
