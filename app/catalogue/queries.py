"""Reading the catalogue: divisions, lists, one entry."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from app.catalogue.availability import Show, depth, show
from app.catalogue.errors import MatterNotFound, RegionNotFound
from app.catalogue.models import Department, Matter, Region
from app.core import clock
from app.core.db import Session

#: Whose menu it is: `person` or `organisation`; None for everybody.
Audience = Literal["person", "organisation"]

Action = Literal["pay", "window"]

PROVINCE = "420000000000"


@dataclass(frozen=True)
class RegionView:
    """A division as it is shown."""

    code: str
    name: str
    level: int
    parent_code: str | None
    #: One of the 17 市州 that is a county-level unit as well.
    acts_as_county: bool
    demonstration: bool
    has_children: bool

    @property
    def depth(self) -> int:
        """The lowest level whose offices serve it."""
        return depth(self.level, acts_as_county=self.acts_as_county)


@dataclass(frozen=True)
class Card:
    """An entry as menus and lists show it, seen from one region."""

    code: str
    name: str
    item_name: str | None
    department: str
    #: Code of its heading.
    theme: str
    audience: list[Audience]
    online: bool
    show: Show
    visits: int | None
    promise_days: int | None
    #: What can be done for it here, where it is handled; else the way to the window.
    action: Action
    #: The entry whose action it shares, when it is a near-duplicate.
    alias_of: str | None


@dataclass(frozen=True)
class Detail:
    """One entry with everything known about it."""

    card: Card
    #: The columns of `entry_columns`.
    entry: Row[Any]
    #: The code that was asked for: that of an alias, perhaps.
    requested_code: str
    #: Other entries that share its action.
    aliases: list[Row[Any]]


def standing() -> ColumnElement[bool]:
    """Divisions that exist today."""
    today = clock.legal_today()
    current = or_(Region.valid_until.is_(None), Region.valid_until > today)
    return and_(Region.withdrawn_at.is_(None), current)


def region_columns() -> Select[*tuple[Any, ...]]:
    """The columns of `RegionView`, in its order."""
    child = aliased(Region)
    below = select(child.code).where(
        child.parent_code == Region.code,
        child.withdrawn_at.is_(None),
        or_(child.valid_until.is_(None), child.valid_until > clock.legal_today()),
    )
    return select(
        Region.code,
        Region.name,
        Region.level,
        Region.parent_code,
        Region.acts_as_county,
        Region.demonstration,
        below.exists().label("has_children"),
    )


def region(session: Session, code: str) -> RegionView:
    """The division with this code. Raises `RegionNotFound`."""
    row = session.execute(region_columns().where(Region.code == code, standing())).first()
    if row is None:
        raise RegionNotFound
    return RegionView(*row)


def regions_below(session: Session, parent: str | None) -> list[RegionView]:
    """The divisions right below `parent`; the province when it is None.

    Raises `RegionNotFound` when there is no such parent.
    """
    under = Region.parent_code == parent if parent else Region.parent_code.is_(None)
    found = region_columns().where(under, standing()).order_by(Region.code)
    below = [RegionView(*row) for row in session.execute(found)]
    if parent and not below:
        region(session, parent)
    return below


def entry_columns() -> Select[*tuple[Any, ...]]:
    """Every column of an entry but those for searching, and its department's name."""
    hidden = {"search_text", "tokens"}
    columns = [column for column in Matter.__table__.columns if column.name not in hidden]
    department = Department.name.label("department")
    return select(*columns, department).join(Department, Department.code == Matter.department_code)


def card(entry: Row[Any], depth: int) -> Card:
    """How an entry shows from a region of `depth`."""
    shown = show(entry.levels, depth)
    audience: list[Audience] = ["person"] if entry.for_person else []
    if entry.for_organisation:
        audience.append("organisation")
    return Card(
        code=entry.code,
        name=entry.name,
        item_name=entry.item_name,
        department=entry.department,
        theme=entry.theme_code,
        audience=audience,
        online=entry.online,
        show=shown,
        visits=entry.visits,
        promise_days=entry.promise_days,
        action="pay" if entry.pay_scheme and shown == 1 else "window",
        alias_of=entry.alias_of,
    )


def meant_for(audience: Audience | None) -> ColumnElement[bool]:
    """Entries for these people."""
    if audience == "person":
        return Matter.for_person.is_(True)
    if audience == "organisation":
        return Matter.for_organisation.is_(True)
    return or_(Matter.for_person, Matter.for_organisation)


def detail(session: Session, code: str, region_code: str) -> Detail:
    """The entry with this code; an alias answers with the entry whose action it shares.

    Raises `MatterNotFound`, `RegionNotFound`.
    """
    asked = aliased(Matter)
    canonical = (
        select(func.coalesce(asked.alias_of, asked.code))
        .where(asked.code == code, asked.withdrawn_at.is_(None))
        .scalar_subquery()
    )
    family = (
        entry_columns()
        .where(or_(Matter.code == canonical, Matter.alias_of == canonical))
        .where(Matter.withdrawn_at.is_(None))
        .order_by(Matter.position)
    )
    rows = session.execute(family).all()
    own = next((entry for entry in rows if entry.alias_of is None), None)
    if own is None:
        raise MatterNotFound
    seen_from = region(session, region_code)
    aliases = [entry for entry in rows if entry.alias_of is not None]
    return Detail(card(own, seen_from.depth), own, code, aliases)
