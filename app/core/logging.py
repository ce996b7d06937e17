"""Logs as JSON lines with an allow-list: a field not named here never reaches a log."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

#: Ids, counts, codes and durations. No name, phone, document number, token, code or free text.
ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "logger", "trace_id", "method", "route", "status", "code",
        "duration_ms", "actor_kind", "error", "where", "job_id", "task", "queue", "attempt",
        "age_seconds", "party", "outcome", "count", "port", "purpose", "kid", "revision", "table",
        "process", "head",
    }
)  # fmt: skip


def keep_allowed(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: drop what is not on the list and say that something was dropped."""
    dropped = [name for name in fields if name not in ALLOWED]
    for name in dropped:
        del fields[name]
    if dropped:
        fields["error"] = f"{len(dropped)} field(s) not on the allow-list were dropped"
    return fields


class _LibraryHandler(logging.Handler):
    """What libraries log keeps its logger and level; the message may hold data and stays out."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        fields = {"logger": record.name, "where": f"{record.module}:{record.lineno}"}
        if error:
            fields["error"] = error
        structlog.get_logger().log(record.levelno, "library_message", **fields)


def configure(*, readable: bool = False) -> None:
    """Send all logs to standard output: JSON, or one coloured line each for a person."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), pad_event_to=24)
        if readable
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_allowed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_LibraryHandler()], force=True)
