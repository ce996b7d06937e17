"""Figures for those who watch: does retention run, and does it leave anything."""

from sqlalchemy import text

from app.core.db import Session
from app.core.metrics import Figure

_RETENTION = text(
    """
    SELECT (SELECT coalesce(max(defer_timestamp), 0) FROM procrastinate_periodic_defers
            WHERE task_name = 'privacy.destroy_over') AS begun,
           (SELECT coalesce(extract(epoch FROM max(at)), 0) FROM destruction_records) AS destroyed,
           (SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'privacy.destroy_over'
            AND (status = 'failed' OR status = 'todo' AND attempts > 0)) AS left_over
    """
)


def read(session: Session) -> list[Figure]:
    """When the nightly run last began, when it last destroyed something, how many runs left rules."""
    row = session.execute(_RETENTION).one()
    return [
        Figure(
            "huiban_retention_run_timestamp_seconds",
            "When retention last began (Unix time), 0 if never",
            row.begun,
        ),
        Figure(
            "huiban_retention_destroyed_timestamp_seconds",
            "When retention last destroyed anything (Unix time), 0 if never",
            float(row.destroyed),
        ),
        Figure("huiban_retention_left", "Runs of retention that left rules undone", row.left_over),
    ]
