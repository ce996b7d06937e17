"""Venues (场所) and who may scan there."""

import uuid
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.identity.life.models import Merge
from healthcode.models import Venue, VenueStaff

#: The account `account_id` may scan at the venue at the moment `now`.
_SERVES = and_(
    VenueStaff.account_id == bindparam("account_id"),
    or_(VenueStaff.until.is_(None), VenueStaff.until > bindparam("now")),
    Venue.active,
)
#: Made once: every request of a door asks it.
_SERVED_VENUES = (
    select(VenueStaff.venue_id).join(Venue, Venue.id == VenueStaff.venue_id).where(_SERVES)
)


@dataclass(frozen=True)
class NewVenue:
    """What is known of a venue when it is registered. `region_code` has twelve digits."""

    name: str
    kind: str
    region_code: str
    address: str
    id: uuid.UUID = field(default_factory=new_id)


def venues_of(session: Session, account_id: uuid.UUID) -> list[uuid.UUID]:
    """Ids of the active venues at which the account may scan now."""
    facts = {"account_id": account_id, "now": clock.now()}
    return list(session.execute(_SERVED_VENUES, facts).scalars())


def list_venues(session: Session, account_id: uuid.UUID) -> list[Venue]:
    """The same venues with all their facts, by name."""
    mine = select(Venue).join(VenueStaff, Venue.id == VenueStaff.venue_id).where(_SERVES)
    facts = {"account_id": account_id, "now": clock.now()}
    return list(session.scalars(mine.order_by(Venue.name, Venue.id), facts))


def names_of(session: Session, venue_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Venue → name."""
    if not venue_ids:
        return {}
    named = select(Venue.id, Venue.name).where(Venue.id.in_(venue_ids))
    return {row.id: row.name for row in session.execute(named)}


def register_venue(session: Session, new: NewVenue) -> uuid.UUID:
    """Make a venue, active at once, or bring the one with this id up to date. Returns the id."""
    row = insert(Venue).values(**asdict(new), active=True)
    facts = {name: row.excluded[name] for name in ("name", "kind", "region_code", "address")}
    session.execute(row.on_conflict_do_update(index_elements=["id"], set_=facts))
    return new.id


def venues_in(
    session: Session, region_code: str, name: str | None, after: uuid.UUID | None, limit: int
) -> list[Venue]:
    """Venues of this division and below it whose names contain `name`, by id."""
    page = select(Venue).where(Venue.region_code.startswith(_area(region_code)))
    if name is not None:
        page = page.where(Venue.name.icontains(name, autoescape=True))
    if after is not None:
        page = page.where(Venue.id > after)
    return list(session.scalars(page.order_by(Venue.id).limit(limit)))


def staff_of(
    session: Session, venue_id: uuid.UUID, before: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[VenueStaff]:
    """Who may scan at the venue now, newest first, from `before` on."""
    page = select(VenueStaff).where(VenueStaff.venue_id == venue_id, _serving())
    if before is not None:
        page = page.where(tuple_(VenueStaff.since, VenueStaff.id) < before)
    newest = (VenueStaff.since.desc(), VenueStaff.id.desc())
    return list(session.scalars(page.order_by(*newest).limit(limit)))


def add_staff(session: Session, venue_id: uuid.UUID, account_id: uuid.UUID) -> uuid.UUID:
    """Let the account scan at the venue from now on; answers the membership's id. Safe to repeat."""
    row = insert(VenueStaff).values(
        venue_id=venue_id, account_id=account_id, since=clock.now(), until=None
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=["venue_id", "account_id"],
            set_={"since": row.excluded.since, "until": None},
            where=VenueStaff.until.is_not(None),
        )
    )
    mine = select(VenueStaff.id).where(
        VenueStaff.venue_id == venue_id, VenueStaff.account_id == account_id
    )
    return session.execute(mine).scalar_one()


def end_staff(session: Session, venue_id: uuid.UUID, staff_id: uuid.UUID) -> uuid.UUID:
    """End this membership from the next request on; answers whose it was. Raises `NotFound`."""
    serves = update(VenueStaff).where(
        VenueStaff.venue_id == venue_id, VenueStaff.id == staff_id, _serving()
    )
    ended = serves.values(until=clock.now()).returning(VenueStaff.account_id)
    account_id = session.connection().execute(ended).scalar_one_or_none()
    if account_id is None:
        raise NotFound
    return account_id


def demand_venue_in(session: Session, venue_id: uuid.UUID, region_code: str) -> None:
    """Raise `NotFound` unless the venue lies in this division or below it."""
    venue = session.get(Venue, venue_id)
    if venue is None or not venue.region_code.startswith(_area(region_code)):
        raise NotFound


def _area(region_code: str) -> str:
    """How the codes of this division and of those below it begin; a county's is the longest."""
    return region_code[:2] + "".join(
        part for part in (region_code[2:4], region_code[4:6]) if part != "00"
    )


def _serving() -> ColumnElement[bool]:
    return or_(VenueStaff.until.is_(None), VenueStaff.until > clock.now())


def moves(merge: Merge) -> ColumnElement[bool]:
    """Memberships that go along when two accounts become one.

    Where the account that stays was once a member itself, what was decided of that stays.
    """
    own = aliased(VenueStaff)
    theirs = select(own.venue_id).where(own.account_id == merge.survivor_id)
    return VenueStaff.venue_id.not_in(theirs)
