"""Stopped at any statement of the way of a payment: nothing is half done, and going on completes it.

The connection is cut by the server at each statement in turn, before and after it, and at the commit:
what a killed process and a killed database leave behind.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from department import Department
from placed import balance, facts, place
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError
from support import make_person
from wechat_sender import deliver

from app.connectors.world import build_world
from app.core import clock
from app.core.db import unit_of_work
from app.payments import attempts, jobs
from app.payments.attempts import Wish
from app.payments.models import OrderLine, PaymentAttempt, Receipt
from app.payments.providers.registry import providers
from composition import web_app

BEFORE, AFTER, COMMIT = "before a statement", "after a statement", "at the commit"


@pytest.fixture
def live_world(live_core):
    return replace(build_world(live_core, waiters=4), medical_insurance=Department())


def cursor_that_notes(moment: str, note: Callable[[Any], None]) -> type[psycopg.Cursor]:
    """A cursor that calls `note` with its connection before or after each statement."""

    class Noting(psycopg.Cursor):
        def execute(self, *args, **options):
            if moment == BEFORE:
                note(self.connection)
            done = super().execute(*args, **options)
            if moment == AFTER:
                note(self.connection)
            return done

    return Noting


@contextmanager
def cut_at(core, moment: str, point: int) -> Iterator[Callable[[], bool]]:
    """The server ends the connection at the n-th `moment`; yields whether it came to that.

    Counted at the driver, so that the jobs' statements, which are not SQLAlchemy's, are points too.
    """
    seen = {"count": 0, "cut": False}
    engine = core.database.engine

    def note(connection):
        seen["count"] += 1
        if seen["count"] == point:
            seen["cut"] = True
            terminate(core, connection.info.backend_pid)

    cutting = cursor_that_notes(moment, note)

    def lend(connection, *_):
        connection.cursor_factory = cutting

    def take_back(connection, *_):
        if connection is not None:
            connection.cursor_factory = psycopg.Cursor

    def commits(connection):
        if moment == COMMIT:
            note(connection.connection.driver_connection)

    listeners = (("checkout", lend), ("checkin", take_back), ("commit", commits))
    for name, listener in listeners:
        event.listen(engine, name, listener)
    try:
        yield lambda: bool(seen["cut"])
    finally:
        for name, listener in listeners:
            event.remove(engine, name, listener)


def terminate(core, pid: int) -> None:
    """From a connection of its own, which no listener hears."""
    url = core.database.engine.url.set(drivername="postgresql").render_as_string(False)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 1000)", [pid])


def points(core, moment, act, check) -> int:
    """Cut at point 1, 2, … until the act runs through; after each cut do it again."""
    point = 0
    while True:
        point += 1
        subject = act.arrange()
        with cut_at(core, moment, point) as was_cut:
            act.run(subject)
        check(subject, again=False)
        if not was_cut():
            return point - 1
        act.run(subject)
        check(subject, again=True)


def everything(found):
    return (
        found.order,
        found.lines,
        found.attempts,
        found.bookings,
        found.jobs,
        found.events,
    )


class Hearing:
    """A callback for an order of two lines."""

    def __init__(self, world, sender):
        self.core, self.sender, self.app = world.core, sender, web_app(world)
        self.person = make_person(world.core)

    def arrange(self):
        placed = place(self.core, self.person, lines=2)
        return placed, self.sender.notify(
            self.sender.transaction(placed.out_trade_no, placed.amount)
        )

    def run(self, subject):
        self.status = deliver(self.app.test_client(), "medical", *subject[1]).status_code

    def check(self, subject, again):
        found = facts(self.core, subject[0])
        done = found.payments == 1
        # What was acknowledged is stored; what was not may be stored, and WeChat comes again.
        assert done or self.status >= 500
        assert self.status == 204 or not again
        whole = ("paid", {"paid"}, ["paid"], 2, 2, [("applied", None)])
        nothing = ("awaiting_payment", {"open"}, ["open"], 0, 0, [])
        assert whole == everything(found) if done else nothing == everything(found)


class Booking:
    """The job that tells a department of a paid line."""

    def __init__(self, world, sender):
        self.world, self.core = world, world.core
        self.hearing = Hearing(world, sender)

    def arrange(self):
        placed, notify = self.hearing.arrange()
        self.hearing.run((placed, notify))
        with unit_of_work(self.core) as session:
            lines = select(OrderLine.id).where(OrderLine.order_id == placed.order_id)
            return placed, session.scalars(lines.order_by(OrderLine.id)).all()

    def run(self, subject):
        for line_id in subject[1]:
            try:
                jobs.book_line.run(self.world, line_id=str(line_id))
            except DBAPIError:
                return

    def check(self, subject, again):
        found = facts(self.core, subject[0])
        settled = self._settled(subject[1])
        assert found.settlements == settled
        assert self._receipts(subject[1]) == 2 * settled
        assert (found.order == "settled") == (settled == 2)
        assert settled == 2 or not again

    def _settled(self, lines):
        with unit_of_work(self.core) as session:
            done = select(func.count()).where(
                OrderLine.id.in_(lines), OrderLine.status == "settled"
            )
            return session.scalar(done)

    def _receipts(self, lines):
        with unit_of_work(self.core) as session:
            return session.scalar(select(func.count()).where(Receipt.line_id.in_(lines)))


class Beginning:
    """A payer who begins to pay, at the running stand-in."""

    def __init__(self, world, sender):
        self.core = world.core
        self.person = make_person(world.core)
        self.known = providers(world.core.settings)

    def arrange(self):
        return place(self.core, self.person, status="failed", next_query_at=None)

    def run(self, subject):
        wish = Wish("wechatpay", "h5", "127.0.0.1")
        try:
            with unit_of_work(self.core) as session:
                attempts.start(session, self.known, self.person.actor, subject.order_id, wish)
        except DBAPIError:
            return

    def check(self, subject, again):
        found = facts(self.core, subject)
        assert found.attempts in (["failed"], ["failed", "preparing"], ["failed", "open"])
        assert found.attempts[-1] == "open" or not again
        assert found.order == "awaiting_payment"
        with unit_of_work(self.core) as session:
            left = select(PaymentAttempt).where(PaymentAttempt.status.in_(("preparing", "open")))
            # Whatever WeChat may know of is asked about one day.
            assert all(each.next_query_at for each in session.scalars(left))


@pytest.mark.parametrize(
    ("path", "moment", "least"),
    [
        (Hearing, BEFORE, 10),
        (Hearing, AFTER, 10),
        (Booking, BEFORE, 20),
        (Beginning, BEFORE, 8),
    ],
)
def test_a_cut_at_any_statement_leaves_all_or_nothing(
    live_core, live_world, sender, stubs, path, moment, least
):
    act = path(live_world, sender)
    count = points(live_core, moment, act, act.check)
    print(f"\ncrash points n = {count} ({path.__name__.lower()}, {moment})")
    assert count >= least
    _, debits, credits = balance(live_core)
    assert debits == credits


def test_a_cut_at_the_commit_leaves_all_or_nothing(live_core, live_world, sender):
    for kind in (Hearing, Booking):
        act = kind(live_world, sender)
        count = points(live_core, COMMIT, act, act.check)
        print(f"\ncrash points n = {count} ({kind.__name__.lower()}, commit)")
        assert count >= 1


def test_lines_whose_job_was_lost_are_booked_by_the_sweep(live_core, live_world, sender):
    act = Booking(live_world, sender)
    placed, _ = act.arrange()
    with unit_of_work(live_core) as session:
        session.execute(text("DELETE FROM procrastinate_jobs WHERE queue_name = 'departments'"))
    jobs.book_pending.run(live_world)
    assert facts(live_core, placed).order == "paid", "the line's own job still has its minute"
    with unit_of_work(live_core) as session:
        before = clock.now() - timedelta(minutes=2)
        session.execute(text("UPDATE bookings SET created_at = :at"), {"at": before})
    jobs.book_pending.run(live_world)
    found = facts(live_core, placed)
    assert (found.order, found.lines, found.settlements) == ("settled", {"settled"}, 2)


def test_a_job_for_a_line_nobody_knows_does_nothing(live_core, live_world):
    jobs.book_line.run(live_world, line_id=str(uuid.uuid4()))
    assert balance(live_core) == (0, 0, 0)
