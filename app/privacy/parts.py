"""What each domain brings: how its data are exported, erased, and how long they are kept."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.core.db import Session


@dataclass(frozen=True)
class Section:
    """One table of an export, in words its owner understands."""

    name: str
    zh: str
    en: str
    #: Column → value: text, numbers, truth, moments, lists of text.
    rows: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Kept:
    """What an eraser left, and by what right."""

    zh: str
    en: str
    law: str


@dataclass(frozen=True)
class Rule:
    """Rows of a table are destroyed when their time is over."""

    #: The table.
    name: str
    keep: timedelta
    #: Why as long as this.
    law: str
    #: SQL over the table's columns and :before; None: whole days of a table partitioned by day.
    over: str | None = None


Exporter = Callable[[Session, uuid.UUID, "uuid.UUID | None"], list[Section]]
Eraser = Callable[[Session, uuid.UUID, "uuid.UUID | None"], tuple[Kept, ...]]


@dataclass(frozen=True)
class Part:
    """One domain. Its functions take the account and, where proved, the person."""

    name: str
    #: Tables with somebody's data that the export covers.
    tables: frozenset[str]
    export: Exporter
    #: Takes away what may go and says what stays; safe to repeat.
    erase: Eraser
    retention: tuple[Rule, ...] = ()


def erase_everywhere(
    session: Session, parts: Sequence[Part], account_id: uuid.UUID, person_id: uuid.UUID | None
) -> list[Kept]:
    """Have every domain erase, upper ones first. Answers what is kept and why."""
    return [kept for part in parts for kept in part.erase(session, account_id, person_id)]
