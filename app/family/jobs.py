"""Family's recurring work."""

import uuid
from typing import Any

import structlog

from app.core.db import unit_of_work
from app.core.jobs import task
from app.core.one_by_one import one_by_one
from app.family import face_links, guardianship, services

log = structlog.get_logger()


@task("family.expire_mandates", cron="3 * * * *")
def expire_mandates(world: Any) -> None:
    """Store the end of mandates whose last day is over."""
    ended = services.BATCH
    while ended == services.BATCH:
        with unit_of_work(world.core) as session:
            ended = services.expire_overdue(session)
            log.info("mandates_expired", count=ended)


@task("family.recheck_guardianships", cron="*/10 * * * *")
def recheck_guardianships(world: Any) -> None:
    """Ask the register again about guardianships it confirmed a day ago."""
    with unit_of_work(world.core) as session:
        due = guardianship.due_for_recheck(session)

    def ask(mandate_id: uuid.UUID) -> None:
        with unit_of_work(world.core) as session:
            guardianship.recheck(session, world.household_register, mandate_id)

    one_by_one("family.recheck_guardianships", due, ask)


@task("family.forget_face_links", cron="43 * * * *")
def forget_face_links(world: Any) -> None:
    """Destroy links, with their checks, whose time has been over for a day; each hour."""
    with unit_of_work(world.core) as session:
        face_links.forget_old(session)


tasks = (expire_mandates, recheck_guardianships, forget_face_links)
