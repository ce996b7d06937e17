"""What the health authority answered, kept so that a decision can be traced and repeated."""

import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert

from app.connectors.exchange import HealthRecord
from app.core import clock
from app.core.db import Session
from app.core.ids import new_id
from healthcode.models import AuthorityAnswer, HealthEvidence

SOURCE = "health_authority"


@dataclass(frozen=True)
class Answered:
    """The authority's answer to a question asked at `asked_at`."""

    asked_at: datetime
    records: list[HealthRecord]


def keep_answer(session: Session, person_id: uuid.UUID, answered: Answered) -> None:
    """Store the records that are new or changed, and which of all of them the answer named."""
    rows = [_row(person_id, record) for record in answered.records]
    session.add(
        AuthorityAnswer(
            id=new_id(),
            person_id=person_id,
            asked_at=answered.asked_at,
            evidence_ids=_store(session, rows) if rows else [],
        )
    )
    session.flush()


def _store(session: Session, rows: list[dict[str, Any]]) -> list[str]:
    # In one order for everybody, so that two answers in parallel cannot wait for each other.
    ordered = sorted(rows, key=lambda row: (row["record_id"], row["digest"]))
    session.execute(insert(HealthEvidence).values(ordered).on_conflict_do_nothing())
    named = [(SOURCE, row["record_id"], row["digest"]) for row in rows]
    key = tuple_(HealthEvidence.source, HealthEvidence.record_id, HealthEvidence.digest)
    found = session.scalars(select(HealthEvidence.id).where(key.in_(named)))
    return sorted(str(each) for each in found)


def _row(person_id: uuid.UUID, record: HealthRecord) -> dict[str, Any]:
    since = record.since.astimezone(UTC)
    until = record.until.astimezone(UTC) if record.until else None
    content = [str(person_id), record.category, str(since), str(until)]
    return {
        "id": new_id(),
        "person_id": person_id,
        "source": SOURCE,
        "record_id": record.record_id,
        "category": record.category,
        "since": since,
        "until": until,
        "digest": hashlib.sha256(json.dumps(content).encode()).digest(),
        "received_at": clock.now(),
    }
