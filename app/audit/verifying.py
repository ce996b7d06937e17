"""Following the chain from link to link: what was changed, deleted, inserted, swapped or cut off."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import Row, exists, func, select, tuple_

from app.audit.heads import Published, all_heads, is_genuine
from app.audit.models import AuditRow, Destruction, Seal
from app.audit.sealing import GENESIS, link, row_digest, tip
from app.core.db import Session
from app.core.keys import StoredKey

#: Links read at a time.
BATCH = 5_000
#: No day may be destroyed earlier (网络安全法 21(3): six months).
SHORTEST = timedelta(days=180)

What = Literal[
    "row_changed",
    "row_deleted",
    "row_inserted",
    "link_missing",
    "link_changed",
    "head_forged",
    "head_differs",
    "tail_cut",
    "destroyed_early",
]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and where: the link's number, the row's day and id."""

    what: What
    seq: int | None = None
    day: date | None = None
    row_id: uuid.UUID | None = None


@dataclass
class Report:
    """What was looked at, and what was found."""

    findings: list[Finding]
    links: int = 0
    heads: int = 0
    #: Rows whose destruction was recorded.
    destroyed: int = 0
    #: Rows that are too young to be sealed.
    unsealed: int = 0


@dataclass(frozen=True)
class Span:
    """Which days' rows to look at; None means from the first, to the last."""

    since: date | None = None
    until: date | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return self.since is None and self.until is None


def verify(
    session: Session,
    span: Span = Span(),
    *,
    published: Iterable[Published] = (),
    progress: Progress = lambda done, total: None,
) -> Report:
    """Follow the chain over `span` and hold it against the signed heads. Only reads.

    `published`: heads kept elsewhere. They alone show that the end was cut off together with the heads
    in the database.
    """
    report = Report([])
    reach = _reach(session, span)
    heads = _believed(session, [*all_heads(session), *published], report)
    _follow(session, reach, heads, report, progress)
    if span.until is None:
        _find_cut_tail(session, heads, report)
    _find_strangers(session, span, report)
    return report


@dataclass(frozen=True)
class _Reach:
    first: int
    last: int


def _reach(session: Session, span: Span) -> _Reach:
    """First and last link to follow."""
    if span.whole:
        return _Reach(1, session.scalar(select(func.max(Seal.seq))) or 0)
    first, last = select(func.min(Seal.seq)), select(func.max(Seal.seq))
    if span.since:
        first = first.where(Seal.row_day >= span.since)
    if span.until:
        last = last.where(Seal.row_day <= span.until)
    return _Reach(session.scalar(first) or 1, session.scalar(last) or 0)


def _believed(
    session: Session, heads: Iterable[Published], report: Report
) -> dict[int, set[bytes]]:
    """Link number → chain, from genuine heads. Those of a killed key say nothing."""
    killed = set(
        session.scalars(
            select(StoredKey.kid).where(
                StoredKey.purpose == "audit_heads", StoredKey.state == "killed"
            )
        )
    )
    believed: dict[int, set[bytes]] = {}
    for head in set(heads):
        if head.kid in killed:
            continue
        if not is_genuine(session.core.keys, head):
            report.findings.append(Finding("head_forged", head.seq))
            continue
        report.heads += 1
        believed.setdefault(head.seq, set()).add(head.chain)
    return believed


def _follow(
    session: Session,
    reach: _Reach,
    heads: dict[int, set[bytes]],
    report: Report,
    progress: Progress,
) -> None:
    destroyed = _destroyed_days(session, report)
    before = _chain_before(session, reach.first)
    expected = reach.first
    for seal, row in _links(session, reach):
        if seal.seq != expected:
            report.findings.append(Finding("link_missing", expected))
        elif link(before, seal.seq, seal.row_digest) != seal.chain:
            report.findings.append(Finding("link_changed", seal.seq, seal.row_day, seal.row_id))
        if any(chain != seal.chain for chain in heads.get(seal.seq, ())):
            report.findings.append(Finding("head_differs", seal.seq, seal.row_day, seal.row_id))
        _judge_row(seal, row, destroyed, report)
        # From here on by what stands there, so that one wrong link is named once.
        before, expected = seal.chain, seal.seq + 1
        report.links += 1
        if report.links % BATCH == 0:
            progress(report.links, reach.last - reach.first + 1)
    progress(report.links, reach.last - reach.first + 1)


def _judge_row(
    seal: Row[Any], row: dict[str, Any] | None, destroyed: set[date], report: Report
) -> None:
    if row is None:
        if seal.row_day in destroyed:
            report.destroyed += 1
        else:
            report.findings.append(Finding("row_deleted", seal.seq, seal.row_day, seal.row_id))
    elif row_digest(row) != seal.row_digest:
        report.findings.append(Finding("row_changed", seal.seq, seal.row_day, seal.row_id))


def _links(session: Session, reach: _Reach) -> Iterator[tuple[Row[Any], dict[str, Any] | None]]:
    """Each link in turn, with its row as it stands now."""
    after = reach.first - 1
    seals = select(*Seal.__table__.columns).order_by(Seal.seq).limit(BATCH)
    while True:
        page = session.execute(seals.where(Seal.seq > after, Seal.seq <= reach.last)).all()
        if not page:
            return
        keys = [(seal.row_day, seal.row_id) for seal in page]
        wanted = select(*AuditRow.__table__.columns).where(
            tuple_(AuditRow.day, AuditRow.id).in_(keys)
        )
        rows = {(row["day"], row["id"]): dict(row) for row in session.execute(wanted).mappings()}
        for seal in page:
            yield seal, rows.get((seal.row_day, seal.row_id))
        after = page[-1].seq


def _chain_before(session: Session, first: int) -> bytes:
    if first == 1:
        return GENESIS
    return session.scalar(select(Seal.chain).where(Seal.seq == first - 1)) or b""


def _destroyed_days(session: Session, report: Report) -> set[date]:
    """Days whose destruction was recorded, and lawful."""
    records = select(Destruction).where(
        Destruction.table_name == AuditRow.__tablename__, Destruction.day.is_not(None)
    )
    lawful: set[date] = set()
    for record in session.scalars(records):
        if record.day and record.at.date() - record.day < SHORTEST:
            report.findings.append(Finding("destroyed_early", day=record.day))
        elif record.day:
            lawful.add(record.day)
    return lawful


def _find_cut_tail(session: Session, heads: dict[int, set[bytes]], report: Report) -> None:
    last = session.scalar(select(func.max(Seal.seq))) or 0
    beyond = [seq for seq in heads if seq > last]
    if beyond:
        report.findings.append(Finding("tail_cut", last + 1))


def _find_strangers(session: Session, span: Span, report: Report) -> None:
    """Rows without a link: young ones wait for the sealer, others were put in beside it."""
    sealed = exists().where(Seal.row_id == AuditRow.id)
    reached = tip(session).tx
    unsealed = select(AuditRow.day, AuditRow.id).where(~sealed)
    if span.since:
        unsealed = unsealed.where(AuditRow.day >= span.since)
    if span.until:
        unsealed = unsealed.where(AuditRow.day <= span.until)
    for day, row_id in session.execute(unsealed.where(AuditRow.tx < reached)):
        report.findings.append(Finding("row_inserted", day=day, row_id=row_id))
    waiting = select(func.count()).select_from(unsealed.where(AuditRow.tx >= reached).subquery())
    report.unsealed = session.scalar(waiting) or 0
