"""Jobs: part of their transaction, retried with growing waits, swept when a worker dies."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from croniter import croniter
from procrastinate.jobs import Job
from sqlalchemy import text

from app.core import jobs
from app.core.db import unit_of_work
from composition import TASKS


def test_a_rolled_back_transaction_leaves_no_job(live_core):
    def fail():
        with unit_of_work(live_core) as session:
            jobs.defer(session, "core.forget_old")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with unit_of_work(live_core) as session:
        assert session.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0
        jobs.defer(session, "core.forget_old")
    with unit_of_work(live_core) as session:
        assert session.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 1


def waits(first):
    strategy, found = jobs.Doubling(first), []
    for attempts in range(10):
        job = Job(id=1, queue="q", lock=None, queueing_lock=None, task_name="t", attempts=attempts)
        decision = strategy.get_retry_decision(exception=ValueError(), job=job)
        if decision is None:
            break
        wait = decision.retry_at - datetime.now(UTC)
        found.append(round(wait.total_seconds()))
    return found


def test_each_retry_waits_twice_as_long_and_the_fifth_failure_stays():
    assert waits(5) == [5, 10, 20, 40]


@pytest.mark.parametrize("task", [task for task in TASKS if task.cron], ids=lambda task: task.name)
def test_recurring_tasks_run_at_even_distances(task):
    times = croniter(task.cron, datetime(2026, 11, 22, tzinfo=UTC))
    first = [times.get_next(datetime) for _ in range(5)]
    assert len({later - sooner for sooner, later in pairwise(first)}) == 1


def test_the_sweep_of_stalled_jobs_runs_every_five_seconds(configured):
    app = jobs.build_app(configured.database_url, list(TASKS), world=None)
    cron = next(
        task.cron
        for (name, _), task in app.periodic_registry.periodic_tasks.items()
        if name == "core.retry_stalled"
    )
    times = croniter(cron, datetime(2026, 11, 22, tzinfo=UTC))
    first = [times.get_next(datetime) for _ in range(3)]
    assert [(later - first[0]).total_seconds() for later in first] == [0, 5, 10]
