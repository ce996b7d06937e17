"""Recurring work of the core: partitions made ahead, forgotten rows removed."""

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import text

from app.core import clock, events, freshness, limits
from app.core.db import unit_of_work
from app.core.jobs import task

log = structlog.get_logger()

#: Tables partitioned by UTC day, and how many days are made ahead.
DAYS_AHEAD = 14
KEEP_EVENTS = timedelta(days=14)


@task("core.make_partitions", cron="7 * * * *")
def make_partitions(world: Any) -> None:
    """Make the coming days' partitions, and warn when a row had to go to a DEFAULT partition."""
    with unit_of_work(world.core) as session:
        tables = session.scalars(text("SELECT huiban_day_tables()")).all()
        for table in tables:
            session.execute(
                text("SELECT huiban_ensure_days(:t, :n)"), {"t": table, "n": DAYS_AHEAD}
            )
            strays = session.scalar(text(f"SELECT count(*) FROM {table}_default"))  # noqa: S608
            if strays:
                log.error("rows_in_default_partition", table=table, count=strays)


@task("core.forget_old", cron="17 * * * *")
def forget_old(world: Any) -> None:
    """Delete marks, quotas and events that have served their time."""
    with unit_of_work(world.core) as session:
        count = freshness.forget_old(session) + limits.forget_old(session)
        count += events.forget_before(session, clock.now() - KEEP_EVENTS)
        log.info("forgotten", count=count)


tasks = (make_partitions, forget_old)
