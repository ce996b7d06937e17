"""What is swept keeps what still counts, and an event reaches its own subscribers only."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest
from sqlalchemy import func, select, text

from app.core import clock, events, freshness, housekeeping, limits
from app.core.db import unit_of_work
from app.core.errors import TooManyRequests
from app.core.events import Event, RecordedEvent, Subscription, dispatcher
from app.core.freshness import Mark
from app.core.ids import new_id
from app.core.jobs import task
from app.core.limits import Quota, Used
from app.identity import jobs as identity_jobs
from app.identity.models import LoginCode, SessionFamily

QUOTA = Quota("swept", 2, 3_600)


@dataclass(frozen=True)
class Rained(Event):
    NAME: ClassVar[str] = "test.rained"

    place_id: str


@dataclass(frozen=True)
class Snowed(Event):
    NAME: ClassVar[str] = "test.snowed"

    place_id: str


@task("test.open_umbrellas", queue="rain")
def open_umbrellas(world, *, place_id):
    """Never run here."""


@task("test.close_windows")
def close_windows(world, *, place_id):
    """Never run here."""


@task("test.build_snowman", queue="snow")
def build_snowman(world, *, place_id):
    """Never run here."""


SUBSCRIPTIONS = (
    Subscription(Rained, open_umbrellas),
    Subscription(Snowed, build_snowman),
    Subscription(Rained, close_windows),
)


@pytest.fixture
def at(monkeypatch):
    """Set the clock: `at(hours=-2)` from the moment the test began."""
    now = clock.now()

    def move(**by):
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(**by))

    return move


def jobs_but_dispatch(session):
    rows = text(
        "SELECT task_name, queue_name, args FROM procrastinate_jobs"
        " WHERE task_name <> 'core.dispatch_event' ORDER BY task_name"
    )
    return [tuple(row) for row in session.execute(rows)]


def test_a_living_quota_is_kept_and_an_ended_one_is_not(session, at):
    at(hours=-3)
    limits.consume(session, QUOTA, "somebody")
    at()
    for _ in range(2):
        limits.consume(session, QUOTA, "somebody")
    assert limits.forget_old(session) == 1
    with pytest.raises(TooManyRequests):
        limits.consume(session, QUOTA, "somebody")
    assert session.scalar(select(func.sum(Used.used))) == 2


def test_only_events_from_before_the_moment_are_forgotten(session, at):
    for days in (-20, -15, -13, 0):
        at(days=days)
        events.record(session, Rained(str(days)))
    at()
    assert events.forget_before(session, clock.now() - timedelta(days=14)) == 2
    kept = session.scalars(select(RecordedEvent).order_by(RecordedEvent.recorded_at)).all()
    assert [each.payload["place_id"] for each in kept] == ["-13", "0"]


def test_the_hourly_sweep_takes_the_old_and_leaves_the_living(session, world, at):
    for age in (60 * 24 * 30, 1):
        at(minutes=-age)
        freshness.mark(session, "session", str(age))
        limits.consume(session, QUOTA, str(age))
        events.record(session, Rained(str(age)))
    session.commit()
    at()
    housekeeping.forget_old.run(world)
    counts = [
        session.scalar(select(func.count()).select_from(table))
        for table in (Mark, Used, RecordedEvent)
    ]
    assert counts == [1, 1, 1]
    assert session.scalars(select(Mark.key)).one() == "1"


def test_codes_and_sessions_are_forgotten_when_their_time_is_over(session, world, at, invent):
    long_gone, idle, living = invent(), invent(), invent()
    for person, days in ((long_gone, -100), (idle, -59)):
        family = session.get(SessionFamily, person.actor.session_id)
        at(days=days)
        family.ended_at, family.ended_because = clock.now(), "signed_out"
    for days in (-3, 0):
        at(days=days)
        moment = clock.now()
        session.add(
            LoginCode(
                id=new_id(),
                phone_index=b"index",
                phone_sealed=b"sealed",
                purpose="login",
                kid="00000000",
                tries=0,
                known_tries=0,
                created_at=moment,
                expires_at=moment + timedelta(minutes=5),
                used_at=None,
            )
        )
    session.commit()
    at()
    identity_jobs.forget_old.run(world)
    session.expire_all()
    kept = set(session.scalars(select(SessionFamily.id)))
    assert kept == {idle.actor.session_id, living.actor.session_id}
    codes = session.scalars(select(LoginCode)).all()
    assert [code.created_at for code in codes] == [clock.now()]


def test_an_event_becomes_one_job_for_each_of_its_own_subscribers(session, world):
    events.record(session, Rained("here"))
    events.record(session, Snowed("there"))
    session.commit()
    rained = session.scalars(select(RecordedEvent).where(RecordedEvent.name == Rained.NAME)).one()
    dispatcher(SUBSCRIPTIONS).run(world, event_id=str(rained.id))
    assert jobs_but_dispatch(session) == [
        ("test.close_windows", "default", {"place_id": "here"}),
        ("test.open_umbrellas", "rain", {"place_id": "here"}),
    ]


def test_an_event_without_subscribers_or_already_swept_makes_no_job(session, world):
    events.record(session, Snowed("there"))
    session.commit()
    (only,) = session.scalars(select(RecordedEvent)).all()
    dispatcher((Subscription(Rained, close_windows),)).run(world, event_id=str(only.id))
    dispatcher(SUBSCRIPTIONS).run(world, event_id=str(new_id()))
    assert jobs_but_dispatch(session) == []


def test_an_event_and_its_dispatch_exist_exactly_if_the_transaction_commits(live_core):
    def change(fails):
        with unit_of_work(live_core) as session:
            events.record(session, Rained("here"))
            if fails:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        change(fails=True)
    change(fails=False)
    with unit_of_work(live_core) as session:
        (row,) = session.scalars(select(RecordedEvent)).all()
        dispatches = session.scalars(text("SELECT args FROM procrastinate_jobs")).all()
    assert dispatches == [{"event_id": str(row.id)}]
