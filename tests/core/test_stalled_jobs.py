"""Jobs whose worker went silent: taken over, but not for ever."""

import asyncio

import pytest
from sqlalchemy import text

from app.core import jobs
from app.core.db import unit_of_work
from composition import TASKS


@pytest.fixture
def sweep(live_core):
    """Run the sweep of stalled jobs once."""

    def run():
        app = jobs.build_app(live_core.settings.database_url, list(TASKS), world=None)

        async def once():
            async with app.open_async():
                await app.tasks["core.retry_stalled"].func(timestamp=0)

        asyncio.run(once())

    return run


@pytest.fixture
def begin(live_core):
    """Let a worker that has been silent for so many seconds begin a job; answers the job's id."""

    def start(silent, job=None):
        with unit_of_work(live_core) as session:
            worker = session.scalar(
                text(
                    "INSERT INTO procrastinate_workers (last_heartbeat)"
                    " VALUES (now() - make_interval(secs => :silent)) RETURNING id"
                ),
                {"silent": silent},
            )
            if job is None:
                jobs.defer(session, "core.forget_old")
                job = session.scalar(text("SELECT max(id) FROM procrastinate_jobs"))
            session.execute(
                text(
                    "UPDATE procrastinate_jobs SET status = 'doing', worker_id = :worker"
                    " WHERE id = :job AND status = 'todo'"
                ),
                {"worker": worker, "job": job},
            )
        return job

    return start


@pytest.fixture
def look(live_core):
    """(status, attempts) of a job."""

    def read(job):
        with unit_of_work(live_core) as session:
            row = text("SELECT status::text, attempts FROM procrastinate_jobs WHERE id = :job")
            return tuple(session.execute(row, {"job": job}).one())

    return read


def test_a_job_is_stalled_when_its_worker_has_been_silent_for_ten_seconds(sweep, begin, look):
    silences = (0, 5, jobs.STALLED_AFTER - 2, jobs.STALLED_AFTER + 2, 600)
    begun = {silent: begin(silent) for silent in silences}
    sweep()
    found = {silent: look(job) for silent, job in begun.items()}
    taken_over = [status for status, _ in found.values()].count("todo")
    print(f"\njobs n = {len(found)}: {taken_over} taken over")
    assert found == {
        0: ("doing", 0),
        5: ("doing", 0),
        8: ("doing", 0),
        12: ("todo", 1),
        600: ("todo", 1),
    }


def test_a_job_of_a_worker_that_is_gone_is_stalled(live_core, sweep, begin, look):
    job = begin(0)
    with unit_of_work(live_core) as session:
        session.execute(text("DELETE FROM procrastinate_workers"))
    sweep()
    assert look(job) == ("todo", 1)


def test_a_job_that_took_five_workers_down_ends_as_failed_and_holds_up_no_other(sweep, begin, look):
    poisoned, seen = None, []
    for step in range(jobs.ATTEMPTS):
        poisoned = begin(600, poisoned)
        neighbour = begin(600) if step == jobs.ATTEMPTS - 1 else None
        sweep()
        seen.append(look(poisoned)[0])
    assert seen == ["todo"] * 4 + ["failed"]
    assert look(neighbour) == ("todo", 1)
    # It stays for a person to look at; no sweep touches it, nor one that only waits.
    sweep()
    assert look(poisoned)[0] == "failed"
    assert look(neighbour) == ("todo", 1)
