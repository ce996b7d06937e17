"""The hash chain over audit rows. Rows are inserted freely; one sealer at a time chains them.

A row is sealed once every transaction that began before its own is over: then no earlier row can
appear any more, and one that was committed late is still found, because it is looked for by its
transaction and not by its time.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, insert, select, text

from app.audit.models import AuditRow, Seal
from app.core.db import Session

#: Rows a transaction seals; a kill between two loses nothing.
BATCH = 5_000
#: Before the first link.
GENESIS = hashlib.sha256(b"huiban audit chain 1").digest()
#: Held by whoever seals.
_LOCK = 7_201_844_360_135_554_049

#: In a database that was restored from a dump the numbers of transactions begin anew. Rows that came
#: with the dump have numbers which lie in its future; they are taken first.
_UNSEALED = text(
    """
    WITH seen AS (
      SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
             pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next,
             CAST(:reached AS bigint) AS reached
    )
    SELECT r.* FROM audit_rows r, seen
    WHERE (r.tx >= reached AND r.tx < oldest OR reached >= next AND (r.tx < oldest OR r.tx >= next))
      AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.row_id = r.id)
    ORDER BY r.tx < next, r.tx, r.id LIMIT :most
    """
)


@dataclass(frozen=True)
class Tip:
    """The end of the chain."""

    seq: int
    chain: bytes
    #: The transaction the last sealed row belongs to.
    tx: int


def seal_batch(session: Session, most: int = BATCH) -> int:
    """Chain up to `most` rows that are ripe. Answers how many; 0 also while another one seals.

    Takes the sealer's lock until the commit. Safe to repeat, and to kill at any moment.
    """
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return 0
    end = tip(session)
    found = session.execute(_UNSEALED, {"reached": end.tx, "most": most}).mappings()
    rows = [dict(row) for row in found]
    if rows:
        session.execute(insert(Seal), links(end, rows))
    return len(rows)


def links(end: Tip, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The links that chain `rows` to `end`."""
    made: list[dict[str, Any]] = []
    chain = end.chain
    for seq, row in enumerate(rows, start=end.seq + 1):
        digest = row_digest(row)
        chain = link(chain, seq, digest)
        made.append(
            {
                "seq": seq,
                "row_day": row["day"],
                "row_id": row["id"],
                "row_digest": digest,
                "chain": chain,
                "tx": row["tx"],
            }
        )
    return made


def tip(session: Session) -> Tip:
    """Where the chain ends now."""
    newest = session.scalar(select(Seal).order_by(Seal.seq.desc()).limit(1))
    return Tip(newest.seq, newest.chain, newest.tx) if newest else Tip(0, GENESIS, 0)


def link(before: bytes, seq: int, digest: bytes) -> bytes:
    """The chain after one more row."""
    return hashlib.sha256(before + seq.to_bytes(8, "big") + digest).digest()


def row_digest(row: Mapping[str, Any]) -> bytes:
    """SHA-256 over all that stands in the row.

    What is null is left out, so that a column which is added later changes no digest.
    """
    known = {name: _plain(row[name]) for name in _COLUMNS if row[name] is not None}
    content = json.dumps(known, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode()).digest()


_COLUMNS = tuple(AuditRow.__table__.columns.keys())


def _plain(value: str | int | date | datetime | uuid.UUID) -> str | int:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if isinstance(value, str | int) else str(value)
