"""Recurring work of the core: partitions made ahead, forgotten rows removed."""

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock, events, freshness, limits
from app.core.db import unit_of_work
from app.core.jobs import task

log = structlog.get_logger()

#: Tables partitioned by UTC day, and how many days are made ahead.
DAYS_AHEAD = 14
KEEP_EVENTS = timedelta(days=14)


@task("core.make_partitions", cron="7 * * * *")
def make_partitions(world: Any) -> None:
    """Make the coming days' partitions; each table for itself, so that one in trouble stops no other.

    A row in a DEFAULT partition is an alarm: the day it belongs to cannot be made until it is moved.
    """
    with unit_of_work(world.core) as session:
        tables = session.scalars(text("SELECT huiban_day_tables()")).all()
    for table in tables:
        with unit_of_work(world.core) as session:
            strays = session.scalar(text(f"SELECT count(*) FROM {table}_default"))  # noqa: S608
        if strays:
            log.error("rows_in_default_partition", table=table, count=strays)
        try:
            with unit_of_work(world.core) as session:
                days = {"t": table, "n": DAYS_AHEAD}
                session.execute(text("SELECT huiban_ensure_days(:t, :n)"), days)
        except SQLAlchemyError as error:
            log.error("partitions_not_made", table=table, error=type(error).__name__)


@task("core.forget_old", cron="17 * * * *")
def forget_old(world: Any) -> None:
    """Delete marks, quotas and events that have served their time."""
    with unit_of_work(world.core) as session:
        count = freshness.forget_old(session) + limits.forget_old(session)
        count += events.forget_before(session, clock.now() - KEEP_EVENTS)
        log.info("forgotten", count=count)


tasks = (make_partitions, forget_old)
