"""The list of entries, page by page: in the table's order, or by how well they fit a query."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CTE

from app.catalogue import searching
from app.catalogue.models import Matter
from app.catalogue.queries import Audience, Card, card, entry_columns, meant_for
from app.core.db import Session

Page = Select[*tuple[Any, ...]]

#: A hit of the whole name, of the whole query within a name, of every pair of it.
WHOLE_NAME, WITHIN_NAME, ALL_PAIRS = 4_000, 2_000, 1_000
#: Hits that share less than half of the query's pairs are noise.
LEAST = ALL_PAIRS // 2
#: Among equals: entries of the menu first, then names of which the query is the greater part.
OF_THE_MENU, WHOLE_LENGTH = 100, 99


@dataclass(frozen=True)
class Position:
    """Where a page begins: after this score, place and code."""

    score: int
    place: int
    code: str


@dataclass(frozen=True)
class Wanted:
    """What to list. `depth` is that of the chosen region."""

    depth: int
    query: str | None
    theme: str | None
    audience: Audience | None
    after: Position | None
    limit: int


@dataclass(frozen=True)
class Found:
    """One page, and where the next begins."""

    cards: list[Card]
    next: Position | None


def find_matters(session: Session, wanted: Wanted) -> Found:
    """One page of entries. An alias is never listed; a query that fits it finds what it stands for."""
    query = wanted.query and searching.plain_query(wanted.query)
    if query is None:
        score: ColumnElement[int] = literal(0)
        page = _entries(score)
    elif not (terms := searching.tokens(query)):
        return Found([], None)
    else:
        hits = _hits(searching.fold(query), terms)
        score = hits.c.score
        page = _entries(score).join(hits, hits.c.code == Matter.code)
    page = _narrowed(page, score, wanted).order_by(score.desc(), Matter.position, Matter.code)
    rows = session.execute(page.limit(wanted.limit + 1)).all()
    following = None
    if len(rows) > wanted.limit:
        rows = rows[: wanted.limit]
        last = rows[-1]
        following = Position(last.score, last.position, last.code)
    return Found([card(entry, wanted.depth) for entry in rows], following)


def _entries(score: ColumnElement[int]) -> Page:
    listed = entry_columns().add_columns(score.label("score"))
    return listed.where(Matter.withdrawn_at.is_(None), Matter.alias_of.is_(None))


def _narrowed(page: Page, score: ColumnElement[int], wanted: Wanted) -> Page:
    if wanted.theme is not None:
        page = page.where(Matter.theme_code == wanted.theme)
    if wanted.audience is not None:
        page = page.where(meant_for(wanted.audience))
    if wanted.after is None:
        return page
    after = wanted.after
    behind = or_(
        Matter.position > after.place,
        and_(Matter.position == after.place, Matter.code > after.code),
    )
    return page.where(or_(score < after.score, and_(score == after.score, behind)))


def _hits(whole: str, terms: list[str]) -> CTE:
    """Code and score of every entry the query fits, aliases counted for what they stand for."""
    wanted = bindparam("terms", terms, type_=ARRAY(String))
    token = func.unnest(Matter.tokens).column_valued("token")
    shared = select(func.count(token)).where(token == func.any(wanted)).scalar_subquery()
    pairs = shared * ALL_PAIRS // len(terms)
    within = Matter.search_text.contains(whole, autoescape=True)
    length = func.length(Matter.name) + func.coalesce(func.length(Matter.item_name), 0)
    fill = len(whole) * WHOLE_LENGTH // length
    score = cast(
        pairs
        + case((_whole_name(whole), WHOLE_NAME), (within, WITHIN_NAME), else_=0)
        + case((Matter.in_menu, OF_THE_MENU), else_=0)
        + func.least(fill, WHOLE_LENGTH),
        Integer,
    )
    fits: ColumnElement[bool] = Matter.tokens.overlap(wanted)
    if whole.isascii() or len(whole) == 1:
        # The beginning of a word, or one character: no token, so it is looked for in the text.
        fits = or_(fits, within)
    code = func.coalesce(Matter.alias_of, Matter.code)
    return (
        select(code.label("code"), func.max(score).label("score"))
        .where(Matter.withdrawn_at.is_(None), fits, or_(within, pairs >= LEAST))
        .group_by(code)
        .cte("hits")
        # Worked out once, whatever the planner believes of a table just filled.
        .prefix_with("MATERIALIZED")
    )


def _whole_name(whole: str) -> ColumnElement[bool]:
    names = literal(" ").concat(Matter.search_text).concat(" ")
    return names.contains(f" {whole} ", autoescape=True)
