"""The menu as finished bytes: made once for each version, region and audience, then only handed out.

The menu is asked for far more often than it changes. Each process reads the catalogue's version at
most once a second; the cards are serialised once for everybody and the answer of a region is joined
from its own few bytes and the shared ones.
"""

import gzip
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import structlog
from sqlalchemy import Row, func, select
from sqlalchemy.exc import SQLAlchemyError

from app.catalogue.errors import RegionNotFound
from app.catalogue.models import CatalogueImport, Matter, Theme
from app.catalogue.queries import (
    Audience,
    RegionView,
    card,
    entry_columns,
    region_columns,
    standing,
)
from app.core import clock
from app.core.db import Session

#: Seconds between two looks at the version.
PERIOD = 1.0
#: Compressed answers kept: every division of the province for three audiences, with room.
KEPT = 512
#: Raised when the same catalogue would be written differently.
SHAPE = 1

log = structlog.get_logger()


@dataclass(frozen=True)
class PreparedMenu:
    """A menu ready to be sent."""

    #: Strong, of the bytes sent; alike in all languages.
    etag: str
    #: Uncompressed or gzip, as asked for.
    body: bytes


@dataclass(frozen=True)
class Snapshot:
    """The catalogue of one version, and what was already prepared of it."""

    version: int
    content_hash: str
    #: The legal day it was read on: divisions begin and end with a day.
    day: date
    regions: dict[str, RegionView]
    #: The menu's entries in the order of their headings.
    entries: Sequence[Row[Any]]
    #: By depth and audience: everything of the answer but the region.
    _shared: dict[tuple[int, Audience | None], bytes] = field(default_factory=dict)
    #: By region and audience, the least recently used first.
    _compressed: OrderedDict[tuple[str, Audience | None], bytes] = field(
        default_factory=OrderedDict
    )
    _order: threading.Lock = field(default_factory=threading.Lock)

    def plain(self, region: RegionView, audience: Audience | None) -> bytes:
        """The answer, uncompressed."""
        key = (region.depth, audience)
        if key not in self._shared:
            self._shared[key] = _dump(_menu(self.entries, region.depth, audience))
        return b'{"region":' + _dump(asdict(region)) + b"," + self._shared[key][1:]

    def zipped(self, region: RegionView, audience: Audience | None) -> bytes:
        """The answer, compressed."""
        key = (region.code, audience)
        body = self._compressed.get(key)
        if body is None:
            body = gzip.compress(self.plain(region, audience), compresslevel=6, mtime=0)
        with self._order:
            self._compressed[key] = body
            self._compressed.move_to_end(key)
            if len(self._compressed) > KEPT:
                self._compressed.popitem(last=False)
        return body


class MenuShelf:
    """This process's prepared menus."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._reading = threading.Lock()
        self._look_again = float("-inf")
        self._snapshot: Snapshot | None = None

    def menu(
        self, session: Session, region_code: str, audience: Audience | None, *, zipped: bool
    ) -> PreparedMenu:
        """The menu of a region. Raises `RegionNotFound`."""
        snapshot = self._current(session)
        region = snapshot.regions.get(region_code) if snapshot else None
        if snapshot is None or region is None:
            raise RegionNotFound
        make = snapshot.zipped if zipped else snapshot.plain
        parts = (snapshot.content_hash[:16], SHAPE, region_code, audience or "all")
        etag = ".".join(map(str, parts)) + ("-gzip" if zipped else "")
        return PreparedMenu(etag, make(region, audience))

    def _current(self, session: Session) -> Snapshot | None:
        """The newest catalogue, at most `PERIOD` old. One thread looks; the others use the last."""
        if self._ticks() < self._look_again:
            return self._snapshot
        if not self._reading.acquire(blocking=self._snapshot is None):
            return self._snapshot
        try:
            if self._ticks() >= self._look_again:
                self._look(session)
                self._look_again = self._ticks() + PERIOD
        finally:
            self._reading.release()
        return self._snapshot

    def _look(self, session: Session) -> None:
        held = self._snapshot
        try:
            self._snapshot = read_newer(session, held)
        except SQLAlchemyError as error:
            if held is None:
                raise
            # Phones keep their menu while the database is away.
            session.rollback()
            log.warning("catalogue_unreadable", error=type(error).__name__)


def read_newer(session: Session, held: Snapshot | None) -> Snapshot | None:
    """What is newer than `held`, else `held`: one statement when nothing changed, two when it did."""
    today = clock.legal_today()
    known = held.version if held is not None and held.day == today else 0
    newest = select(func.max(CatalogueImport.id)).scalar_subquery()
    statement = (
        region_columns()
        .add_columns(CatalogueImport.id, CatalogueImport.content_hash)
        .join(CatalogueImport, CatalogueImport.id == newest)
        .where(CatalogueImport.id > known, standing())
    )
    rows = session.execute(statement).all()
    if not rows:
        return held
    entries = (
        entry_columns()
        .add_columns(Theme.name.label("theme"))
        .join(Theme, Theme.code == Matter.theme_code)
        .where(Matter.in_menu, Matter.withdrawn_at.is_(None))
        .order_by(Theme.position, Theme.code, Matter.position, Matter.code)
    )
    return Snapshot(
        version=rows[0].id,
        content_hash=rows[0].content_hash,
        day=today,
        regions={row.code: RegionView(*row[:-2]) for row in rows},
        entries=session.execute(entries).all(),
    )


def _menu(entries: Sequence[Row[Any]], depth: int, audience: Audience | None) -> dict[str, Any]:
    themes: dict[str, dict[str, Any]] = {}
    hot: list[tuple[int, dict[str, Any]]] = []
    for entry in entries:
        shown = asdict(card(entry, depth))
        if audience is not None and audience not in shown["audience"]:
            continue
        heading = {"code": entry.theme_code, "name": entry.theme, "matters": []}
        themes.setdefault(entry.theme_code, heading)["matters"].append(shown)
        if entry.hot_rank is not None:
            hot.append((entry.hot_rank, shown))
    hot.sort(key=lambda ranked: ranked[0])
    return {"hot": [shown for _, shown in hot], "themes": list(themes.values()), "zones": []}


def _dump(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
