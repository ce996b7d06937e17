"""Organisations' recurring work."""

import uuid
from typing import Any

import structlog

from app.core.db import unit_of_work
from app.core.jobs import task
from app.core.one_by_one import one_by_one
from app.identity.organisations import operators, services

log = structlog.get_logger()


@task("organisations.expire_operators", cron="5 * * * *")
def expire_operators(world: Any) -> None:
    """Store the end of authorisations whose last day is over."""
    ended = operators.BATCH
    while ended == operators.BATCH:
        with unit_of_work(world.core) as session:
            ended = operators.expire_overdue(session)
            log.info("operators_expired", count=ended)


@task("organisations.recheck", cron="*/10 * * * *")
def recheck(world: Any) -> None:
    """Ask the registry again about organisations whose facts are a day old."""
    with unit_of_work(world.core) as session:
        due = services.due_for_recheck(session)

    def ask(organisation_id: uuid.UUID) -> None:
        with unit_of_work(world.core) as session:
            services.recheck(session, world.business_registry, organisation_id)

    one_by_one("organisations.recheck", due, ask)


tasks = (expire_operators, recheck)
