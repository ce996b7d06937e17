"""What changed a moment ago: kept as long as it is needed, never believed when it is old."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, select, text, update

from app.core import clock, freshness, keys
from app.core.db import unit_of_work
from app.core.freshness import STALE_AFTER, WINDOW, Mark
from app.core.keys import StoredKey
from app.core.runtime import build_core
from app.settings import sqlalchemy_url


@pytest.fixture
def pass_time(monkeypatch):
    """Let both clocks run ahead: `pass_time(minutes=10)`."""
    now, monotonic = clock.now, time.monotonic

    def ahead(**length):
        by = timedelta(**length)
        monkeypatch.setattr(clock, "now", lambda: now() + by)
        monkeypatch.setattr(time, "monotonic", lambda: monotonic() + by.total_seconds())

    return ahead


@pytest.fixture
def as_owner(live_core, services):
    """Run a statement on `live_core`'s database with the owner's rights."""
    name = live_core.database.engine.url.database
    engine = create_engine(sqlalchemy_url(services.database_url(name, "huiban_owner")))

    def run(statement):
        with engine.begin() as connection:
            connection.execute(text(statement))

    yield run
    engine.dispose()


def announce(core, kind, key):
    with unit_of_work(core) as session:
        freshness.mark(session, kind, key)


def test_marking_again_renews_the_time(live_core, pass_time):
    announce(live_core, "session", "twice")
    announce(live_core, "session", "once")
    pass_time(minutes=10)
    announce(live_core, "session", "twice")
    pass_time(minutes=20)
    assert live_core.freshness.read_once()
    assert live_core.freshness.changed("session", "twice")
    assert not live_core.freshness.changed("session", "once")
    assert not live_core.freshness.changed("code", "twice")


def test_a_list_is_stale_after_five_seconds_without_a_read(base_core, pass_time):
    assert base_core.freshness.read_once()
    pass_time(seconds=STALE_AFTER - 1)
    assert not base_core.freshness.stale
    pass_time(seconds=STALE_AFTER + 1)
    assert base_core.freshness.stale
    assert base_core.freshness.read_once()
    assert not base_core.freshness.stale


def test_a_failed_read_does_not_count_as_fresh_and_forgets_nothing(live_core, as_owner, pass_time):
    announce(live_core, "session", "revoked")
    assert live_core.freshness.read_once()
    as_owner("REVOKE SELECT ON freshness FROM huiban_app")
    pass_time(seconds=STALE_AFTER + 1)
    assert not live_core.freshness.read_once()
    assert live_core.freshness.stale
    assert live_core.freshness.age > STALE_AFTER
    assert live_core.freshness.changed("session", "revoked")
    as_owner("GRANT SELECT ON freshness TO huiban_app")
    assert live_core.freshness.read_once()
    assert not live_core.freshness.stale


def test_a_read_whose_keys_cannot_be_taken_does_not_count_as_fresh(live_core, pass_time):
    with unit_of_work(live_core) as session:
        session.execute(update(StoredKey).values(wrapped=b"\x00"))
        freshness.mark(session, "keys", "*")
    # The failure is not taken for done: each following read tries the keys again.
    for _ in range(3):
        assert not live_core.freshness.read_once()
    pass_time(seconds=STALE_AFTER + 1)
    assert not live_core.freshness.read_once()
    assert live_core.freshness.stale


def test_only_marks_that_nobody_needs_are_forgotten(session, monkeypatch):
    now, ages = clock.now(), (0, 1, 14, 31, 60)
    for age in ages:
        monkeypatch.setattr(clock, "now", lambda age=age: now - timedelta(minutes=age))
        freshness.mark(session, "session", str(age))
    monkeypatch.setattr(clock, "now", lambda: now)
    assert freshness.forget_old(session) == 2
    kept = set(session.scalars(select(Mark.key)))
    print(f"\nmarks n = {len(ages)}: 2 forgotten")
    assert kept == {"0", "1", "14"}
    assert timedelta(minutes=14) < WINDOW < timedelta(minutes=31)


def test_after_a_long_gap_the_keys_are_read_although_no_mark_tells_of_them(live_core, pass_time):
    killed = live_core.keys.current("access_tokens").kid
    with unit_of_work(live_core) as session:
        session.get_one(StoredKey, ("access_tokens", killed)).state = "killed"
        session.flush()
        made = keys.add_key(session, "access_tokens", "current").kid
    # A short while without a mark is trusted: the keys are not read every second.
    assert live_core.freshness.read_once()
    assert live_core.keys.get("access_tokens", killed) is not None
    pass_time(seconds=STALE_AFTER + 1)
    assert live_core.freshness.read_once()
    assert live_core.keys.get("access_tokens", killed) is None
    assert live_core.keys.current("access_tokens").kid == made


def test_a_core_just_made_knows_the_keys_after_its_first_read(base_core):
    other = build_core(base_core.settings)
    assert other.freshness.stale
    assert other.freshness.read_once()
    current = base_core.keys.current("access_tokens")
    assert other.keys.current("access_tokens") == current
    other.close()
