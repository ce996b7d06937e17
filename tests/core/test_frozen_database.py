"""A PostgreSQL that is stopped where it stands: connected, silent, deaf to its own time limits."""

import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from app.connectors.world import build_world
from app.core.db import unhurried, unit_of_work
from app.core.freshness import Mark, mark
from composition import web_app

#: Nobody at a phone waits longer.
AT_MOST = 5.0


@contextmanager
def frozen(core):
    """PostgreSQL accepts connections and answers nothing within the block."""
    with unit_of_work(core) as session:
        backends = session.scalars(
            text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        ).all()
    server = int(Path(f"/proc/{backends[0]}/stat").read_text().rpartition(")")[2].split()[1])
    stopped = []
    try:
        for pid in (server, *backends):
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


def test_requests_to_a_frozen_database_are_answered_503_in_time_and_served_after_it(live_core):
    client = web_app(build_world(live_core, waiters=1)).test_client()

    def ask(number):
        wanted = {"phone": f"1990000{number:04d}", "purpose": "login"}
        begun = time.monotonic()
        status = client.post("/api/v1/auth/codes", json=wanted).status_code
        return status, time.monotonic() - begun

    before, _ = ask(1)
    with frozen(live_core):
        found = [ask(number) for number in (2, 3, 4)]
    after, _ = ask(5)
    print(f"\nrequests n = {len(found)}: slowest {max(took for _, took in found):.2f} s")
    assert (before, after) == (202, 202)
    assert [status for status, _ in found] == [503] * 3
    assert max(took for _, took in found) < AT_MOST


def test_what_a_request_had_begun_before_the_database_froze_is_not_stored(live_core):
    def work():
        with unit_of_work(live_core) as session:
            mark(session, "session", "lost")
            with frozen(live_core):
                session.execute(text("SELECT 1"))

    begun = time.monotonic()
    with pytest.raises(OperationalError, match="did not answer in time"):
        work()
    assert time.monotonic() - begun < AT_MOST
    with unit_of_work(live_core) as session:
        assert session.scalar(select(Mark.key).where(Mark.key == "lost")) is None


def test_only_work_that_asks_for_it_may_take_longer_than_a_statement(live_core):
    with unit_of_work(live_core) as session, unhurried(session):
        session.execute(text("SELECT pg_sleep(3)"))
    with (
        pytest.raises(OperationalError, match="statement timeout"),
        unit_of_work(live_core) as session,
    ):
        session.execute(text("SELECT pg_sleep(3)"))
