"""Writing checked rows: in few statements, found again by code, withdrawn when gone."""

from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import Any, cast

from sqlalchemy import CursorResult, Table, update
from sqlalchemy.dialects.postgresql import insert

from app.catalogue.models import Department, DocumentType, EthnicGroup, Matter, Region, Theme
from app.catalogue.reference_checks import Values
from app.core.db import Base, Session
from app.core.ids import new_id

#: In the order of their references.
TABLES: tuple[tuple[str, type[Base]], ...] = (
    ("regions", Region),
    ("themes", Theme),
    ("document_types", DocumentType),
    ("ethnic_groups", EthnicGroup),
    ("departments", Department),
    ("matters", Matter),
)
#: Rows in one statement: short enough for the statement time-out of a web connection.
CHUNK = 200


def store(
    session: Session,
    tables: dict[str, list[Values]],
    at: datetime,
    progress: Callable[[int, int], None],
) -> int:
    """Insert or update every row and mark the others as withdrawn. Returns how many were."""
    total = sum(len(rows) for rows in tables.values())
    done = withdrawn = 0
    progress(done, total)
    for name, model in TABLES:
        rows = iter(tables[name])
        while chunk := list(islice(rows, CHUNK)):
            _upsert(session, model, chunk)
            done += len(chunk)
            progress(done, total)
        withdrawn += _withdraw(session, model, [row["code"] for row in tables[name]], at)
    return withdrawn


def _upsert(session: Session, model: type[Base], rows: list[Values]) -> None:
    table = cast(Table, model.__table__)
    if "id" in table.columns:
        rows = [{"id": new_id(), **row} for row in rows]
    statement = insert(table)
    changed: dict[str, Any] = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in ("id", "code")
    }
    # Many short statements in one pipeline: no statement comes near its time-out.
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["code"], set_=changed),
        [{**row, "withdrawn_at": None} for row in rows],
    )


def _withdraw(session: Session, model: type[Base], codes: list[str], at: datetime) -> int:
    table = cast(Table, model.__table__)
    gone = table.c.withdrawn_at.is_(None) & table.c.code.not_in(codes)
    result = session.execute(update(table).where(gone).values(withdrawn_at=at))
    return cast("CursorResult[Any]", result).rowcount
