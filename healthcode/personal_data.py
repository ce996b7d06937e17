"""What the health code knows of somebody, and how soon it forgets."""

import json
import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.core import crypto
from app.core.db import Session
from app.privacy.parts import Kept, Part, Rule, Section
from healthcode.deciding import end_status, sealed_answers
from healthcode.models import (
    AuthorityAnswer,
    HealthDeclaration,
    HealthEvidence,
    HealthStatus,
    Scan,
    Venue,
)

#: Where somebody was: only as long as tracing an infection may need it.
SCANS_KEPT = timedelta(days=60)
#: Long enough to object to a colour and to go to court about it (six months).
DECISIONS_KEPT = timedelta(days=180)
LAW = "个人信息保护法 第19条；传染病防治法"


def export(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> list[Section]:
    """Declarations with their answers, the authority's records, decisions, and my scans."""
    if person_id is None:
        return []
    return [
        Section("declarations", "健康申报", "Declarations", _declarations(session, person_id)),
        Section("health_records", "卫健部门记录", "Health records", _records(session, person_id)),
        Section("colours", "健康码判定", "Decisions", _decisions(session, person_id)),
        Section("scans", "扫码记录", "Scans", _scans(session, person_id)),
    ]


def erase(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> tuple[Kept, ...]:
    """End the code if its consent was withdrawn; what was recorded goes when its time is over."""
    if person_id is not None:
        end_status(session, person_id)
    return (
        Kept(
            "申报与判定保存一百八十天，扫码记录六十天",
            "Declarations and decisions for 180 days, scans for 60",
            LAW,
        ),
    )


def _declarations(session: Session, person_id: uuid.UUID) -> list[dict[str, Any]]:
    mine = select(HealthDeclaration).where(HealthDeclaration.person_id == person_id)
    return [
        {
            "declared_at": row.declared_at,
            **json.loads(
                crypto.unseal(session.core.keys, sealed_answers(row.id), row.answers_sealed)
            ),
        }
        for row in session.scalars(mine.order_by(HealthDeclaration.declared_at))
    ]


def _records(session: Session, person_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = (HealthEvidence.category, HealthEvidence.since, HealthEvidence.until)
    mine = select(*columns, HealthEvidence.received_at).where(HealthEvidence.person_id == person_id)
    return [dict(row) for row in session.execute(mine.order_by(HealthEvidence.since)).mappings()]


def _decisions(session: Session, person_id: uuid.UUID) -> list[dict[str, Any]]:
    mine = select(HealthStatus).where(HealthStatus.person_id == person_id)
    return [
        {
            "decided_at": row.decided_at,
            "replaced_at": row.replaced_at,
            "state": row.state,
            "colour": row.colour,
            "reasons": [reason["code"] for reason in row.reasons],
            "rules": row.rule_set,
        }
        for row in session.scalars(mine.order_by(HealthStatus.version))
    ]


def _scans(session: Session, person_id: uuid.UUID) -> list[dict[str, Any]]:
    mine = (
        select(Scan.at, Venue.name.label("venue"), Scan.verdict, Scan.colour)
        .join(Venue, Venue.id == Scan.venue_id)
        .where(Scan.person_id == person_id)
    )
    return [dict(row) for row in session.execute(mine.order_by(Scan.at)).mappings()]


part = Part(
    name="healthcode",
    tables=frozenset(
        table.__tablename__
        for table in (HealthDeclaration, HealthEvidence, AuthorityAnswer, HealthStatus, Scan)
    ),
    export=export,
    erase=erase,
    retention=(
        Rule("scans", SCANS_KEPT, LAW),
        Rule("health_statuses", DECISIONS_KEPT, LAW, "replaced_at < :before"),
        Rule(
            "health_declarations",
            DECISIONS_KEPT,
            LAW,
            "declared_at < :before AND NOT EXISTS (SELECT FROM health_statuses s"
            " WHERE s.declaration_id = health_declarations.id)",
        ),
        Rule(
            "health_authority_answers",
            DECISIONS_KEPT,
            LAW,
            "asked_at < :before AND EXISTS (SELECT FROM health_authority_answers newer"
            " WHERE newer.person_id = health_authority_answers.person_id"
            " AND newer.asked_at > health_authority_answers.asked_at)",
        ),
        Rule("health_evidence", DECISIONS_KEPT, LAW, "until < :before"),
    ),
)
