"""Work that waits for the health authority, and statuses whose time has come."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog

from app.core import clock
from app.core.db import Session, unit_of_work
from app.core.http import PartyUnavailable
from app.core.jobs import task
from app.identity.life.following import follow
from healthcode import queries, venues
from healthcode.deciding import PURPOSE, decide, end_status
from healthcode.issuing import ASK, QUEUE, ask_again
from healthcode.models import VenueStaff

log = structlog.get_logger()

#: People per run; the next run goes on with the rest.
BATCH = 500
#: Longer than the retries of a job that asks, so that the sweep takes up only what they left.
ASKED_BY_NOW = timedelta(minutes=3)


@task(ASK, queue=QUEUE, first_wait=3)
def ask_authority(world: Any, *, person_id: str) -> None:
    """Ask about one person whose declaration met a silent authority."""
    with unit_of_work(world.core) as session:
        ask_again(session, world.health_authority, uuid.UUID(person_id))


@task("healthcode.ask_unanswered", queue=QUEUE, cron="* * * * *")
def ask_unanswered(world: Any) -> None:
    """Ask about everybody who still waits; an authority that stays silent ends the run."""
    before = clock.now() - ASKED_BY_NOW
    waiting = _people(world, lambda session: queries.people_unanswered(session, before, BATCH))
    for person_id in waiting:
        try:
            ask_authority.run(world, person_id=str(person_id))
        except PartyUnavailable:
            log.warning("authority_still_silent", party="health_authority", count=len(waiting))
            return
        except Exception as error:
            _pass_over(error)


@task("healthcode.reevaluate_due", queue="codes", cron="* * * * *")
def reevaluate_due(world: Any) -> None:
    """Decide anew where the same facts mean something else by now."""
    now = clock.now()
    for person_id in _people(world, lambda session: queries.people_due(session, now, BATCH)):
        try:
            with unit_of_work(world.core) as session:
                decide(session, person_id)
        except Exception as error:
            _pass_over(error)


def _pass_over(error: Exception) -> None:
    """One person's unreadable row must not keep the others from their colour."""
    log.error("person_passed_over", error=type(error).__name__)


def _people(world: Any, read: Callable[[Session], list[uuid.UUID]]) -> list[uuid.UUID]:
    with unit_of_work(world.core) as session:
        return read(session)


@task("healthcode.end_withdrawn", queue="codes")
def end_withdrawn(world: Any, *, purpose: str, account_id: str, person_id: str) -> None:
    """Somebody no longer agrees to their health code."""
    if purpose != PURPOSE or not person_id:
        return
    with unit_of_work(world.core) as session:
        end_status(session, uuid.UUID(person_id))


@task("healthcode.follow_merge", queue="codes")
def follow_merge(world: Any, *, merge_id: str) -> None:
    """Let whoever scans at a door go on doing so with the account that theirs went on in."""
    with unit_of_work(world.core) as session:
        follow(session, uuid.UUID(merge_id), VenueStaff, venues.moves)


tasks = (ask_authority, ask_unanswered, reevaluate_due, end_withdrawn, follow_merge)
