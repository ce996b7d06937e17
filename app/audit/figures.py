"""Figures for those who watch: is what was done sealed, and is the seal signed."""

from sqlalchemy import select, text

from app.audit.models import Head
from app.audit.sealing import tip
from app.core.db import Session
from app.core.metrics import Figure

#: More are not counted: looking must stay cheap on the worst day.
MOST = 10_000

#: After a restore what came with the dump lies in the future of the transactions; see `sealing`.
_UNSEALED = text(
    """
    WITH seen AS (
      SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next,
             CAST(:reached AS bigint) AS reached
    )
    SELECT count(*) AS rows, extract(epoch FROM now() - min(at)) AS age FROM (
      SELECT r.at FROM audit_rows r, seen WHERE (r.tx >= reached OR reached >= next)
      AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.row_id = r.id) LIMIT :most
    ) waiting
    """
)


def read(session: Session) -> list[Figure]:
    """Rows without a seal, links no head covers yet, and when the last head was signed."""
    end = tip(session)
    newest = session.scalar(select(Head).order_by(Head.seq.desc()).limit(1))
    unsealed = session.execute(_UNSEALED, {"reached": end.tx, "most": MOST}).one()
    return [
        Figure("huiban_audit_unsealed_rows", "Audit rows not yet sealed", unsealed.rows),
        Figure(
            "huiban_audit_unsealed_seconds",
            "Age of the oldest audit row not yet sealed",
            float(unsealed.age or 0),
        ),
        Figure(
            "huiban_audit_unsigned_links",
            "Sealed rows that no signed head covers",
            end.seq - (newest.seq if newest else 0),
        ),
        Figure(
            "huiban_audit_head_timestamp_seconds",
            "When the last head of the audit chain was signed (Unix time), 0 if never",
            newest.at.timestamp() if newest else 0,
        ),
    ]
