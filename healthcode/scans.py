"""A scan at a door: judge the code, remember the scan, answer the same to every retry."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert

from app.audit import services as audit
from app.audit.services import act_of
from app.core import clock
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.types import Actor
from app.identity.queries import masked_name
from healthcode import queries, token
from healthcode.colours import ShownColour
from healthcode.errors import ClientScanIdReused
from healthcode.models import Scan
from healthcode.signing import public_keys
from healthcode.token import CodeRefused
from healthcode.verification import Judgement, Standing, judge, judge_refused

#: Made once: building a statement costs more than sending it.
_INSERT = (
    insert(cast(Table, Scan.__table__))
    .on_conflict_do_nothing()
    .execution_options(preserve_rowcount=True)
)
_COLUMNS = tuple(Scan.__table__.columns.keys())


@dataclass(frozen=True)
class Presented:
    """What the scanner sent. `scanned_at` is a remark; server time alone decides."""

    code: str
    venue_id: uuid.UUID
    client_scan_id: str | None
    scanned_at: datetime | None


@dataclass(frozen=True)
class ScanAnswer:
    """The stored scan, and the holder's masked name where one is shown."""

    scan: Scan
    masked_name: str | None


def record_scan(session: Session, actor: Actor, presented: Presented) -> ScanAnswer:
    """Judge and record. Raises `NotFound` for a venue that is not mine, and `ClientScanIdReused`."""
    if str(presented.venue_id) not in actor.roles:
        raise NotFound
    now = clock.now()
    judgement, holder = _judge(session, presented.code, now)
    scan = Scan(
        day=now.date(),
        id=new_id(),
        at=now,
        venue_id=presented.venue_id,
        staff_id=actor.account,
        person_id=holder,
        client_scan_id=presented.client_scan_id,
        verdict=judgement.verdict,
        colour=judgement.colour,
        reasons=list(judgement.reasons),
        action=judgement.action,
        code_digest=_digest(presented.code),
        scanned_at=presented.scanned_at,
    )
    # Of parallel retries one inserts; the others wait for its commit and read what it stored.
    facts = {name: getattr(scan, name) for name in _COLUMNS}
    if session.connection().execute(_INSERT, facts).rowcount == 0:
        return _answer(session, _first(session, presented, now))
    if scan.person_id is not None:
        whom, where = scan.person_id, scan.venue_id
        act = act_of(actor, "healthcode.verify", subject_id=whom, object_id=scan.id, unit_id=where)
        audit.record(session, act)
    return _answer(session, scan)


def _judge(session: Session, code: str, now: datetime) -> tuple[Judgement, uuid.UUID | None]:
    """The judgement, and the holder if the door is to see whom."""
    try:
        claims = token.verify(code, public_keys(session.core.keys), now)
    except CodeRefused as refused:
        return judge_refused(refused.reason), None
    named = queries.standing(session, claims.status_id)
    if named is None:
        return judge(claims, None, now), None
    person_id, colour, replaced_at, valid_until = named
    standing = Standing(cast(ShownColour, colour), replaced_at, valid_until)
    return judge(claims, standing, now), person_id


def _first(session: Session, presented: Presented, now: datetime) -> Scan:
    """The scan stored under the same number. Raises `ClientScanIdReused` if of another code."""
    stored = select(Scan).where(
        Scan.day == now.date(),
        Scan.venue_id == presented.venue_id,
        Scan.client_scan_id == presented.client_scan_id,
    )
    scan = session.scalars(stored).one()
    if scan.code_digest != _digest(presented.code):
        raise ClientScanIdReused
    return scan


def _answer(session: Session, scan: Scan) -> ScanAnswer:
    if scan.person_id is None:
        return ScanAnswer(scan, None)
    return ScanAnswer(scan, masked_name(session, scan.person_id))


def _digest(code: str) -> bytes:
    # A scanner may send half a surrogate pair; even that has a digest.
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()
