"""Family's recurring work."""

from typing import Any

import structlog

from app.core.db import unit_of_work
from app.core.jobs import task
from app.family import services

log = structlog.get_logger()


@task("family.expire_mandates", cron="3 * * * *")
def expire_mandates(world: Any) -> None:
    """Store the end of mandates whose last day is over."""
    ended = services.BATCH
    while ended == services.BATCH:
        with unit_of_work(world.core) as session:
            ended = services.expire_overdue(session)
            log.info("mandates_expired", count=ended)


tasks = (expire_mandates,)
