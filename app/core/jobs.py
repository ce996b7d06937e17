"""Jobs live in PostgreSQL (procrastinate): deferred in the transaction that causes them.

A task is a plain function `(world, **ids)` with the decorator `task`; `composition.py` collects them.
Arguments are ids: no phone, code or name ever stands in a job row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import procrastinate
import structlog
from procrastinate.jobs import DEFAULT_QUEUE
from procrastinate.jobs import Status as JobStatus

from app.core.db import Session, raw_connection
from app.core.errors import Unavailable

log = structlog.get_logger()

Run = Callable[..., None]

#: Heartbeats of a worker and the silence after which its jobs are taken over (seconds).
HEARTBEAT = 3
STALLED_AFTER = 10
#: A job that failed this often stays in the table as `failed` (quarantined) for a person to look.
ATTEMPTS = 5


class NotQueued(Unavailable):
    """The database did not take the job in time; the whole transaction is gone with it."""

    code = "database_unavailable"


class Doubling(procrastinate.BaseRetryStrategy):
    """Wait `first`, then twice as long each time; after ATTEMPTS the job stays as `failed`."""

    def __init__(self, first: int) -> None:
        self.first = first

    def get_retry_decision(
        self, *, exception: BaseException, job: procrastinate.jobs.Job
    ) -> procrastinate.RetryDecision | None:
        """When to try again, or None to give up."""
        if job.attempts + 1 >= ATTEMPTS:
            return None
        return procrastinate.RetryDecision(retry_in={"seconds": self.first * 2**job.attempts})


@dataclass(frozen=True)
class Task:
    """A job's code and how it is run."""

    name: str
    run: Run
    queue: str = DEFAULT_QUEUE
    #: Five-field cron, or six with the seconds last; the work derives what is due from state.
    cron: str | None = None
    #: Seconds before the first retry; each further one waits twice as long.
    first_wait: int = 5


def task(
    name: str, *, queue: str = DEFAULT_QUEUE, cron: str | None = None, first_wait: int = 5
) -> Callable[[Run], Task]:
    """Turn a function into a `Task`. `name` is `<domain>.<verb>`."""
    return lambda run: Task(name, run, queue, cron, first_wait)


def defer(session: Session, name: str, *, queue: str = DEFAULT_QUEUE, **ids: str | int) -> None:
    """Enqueue a job that exists exactly if the caller's transaction commits."""
    deferrer = _deferrer().configure_task(
        name, queue=queue, allow_unknown=True, connection=raw_connection(session)
    )
    session.flush()
    try:
        deferrer.defer(**ids)
    except procrastinate.exceptions.ConnectorException as error:
        raise NotQueued(retry_after=2) from error


@cache
def _deferrer() -> procrastinate.App:
    # Only builds the statement; it runs on the caller's connection, so no pool is ever opened.
    return procrastinate.App(connector=procrastinate.SyncPsycopgConnector())


def build_app(url: str, tasks: list[Task], world: Any) -> procrastinate.App:
    """The worker's procrastinate application with every task and the sweep of stalled jobs."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=_libpq(url)))
    for each in tasks:
        _register(app, each, world)

    @app.periodic(cron="* * * * * */5")
    @app.task(name="core.retry_stalled", queueing_lock="core.retry_stalled", pass_context=False)
    async def retry_stalled(timestamp: int) -> None:
        stalled = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER)
        for job in stalled:
            if job.attempts + 1 >= ATTEMPTS:
                # It has taken a worker down each time: keep it for a person, do not try again.
                log.error("job_given_up", job_id=job.id, task=job.task_name)
                await app.job_manager.finish_job(job, JobStatus.FAILED, delete_job=False)
                continue
            log.warning("job_taken_over", job_id=job.id, task=job.task_name)
            await app.job_manager.retry_job(job)

    return app


def _register(app: procrastinate.App, each: Task, world: Any) -> None:
    def run(timestamp: int | None = None, **ids: Any) -> None:
        try:
            each.run(world, **ids)
        except Exception as error:
            log.warning("job_failed", task=each.name, error=type(error).__name__)
            raise

    retry = Doubling(each.first_wait)
    registered = app.task(name=each.name, queue=each.queue, retry=retry)(run)
    if each.cron:
        app.periodic(cron=each.cron, queueing_lock=each.name)(registered)


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
