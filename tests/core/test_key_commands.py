"""`flask keys …` as an operator types it, and what other processes know of it."""

import threading
import time

import pytest
from sqlalchemy import select
from support import make_person

from app.connectors.world import build_world
from app.core import freshness, keys
from app.core.db import unit_of_work
from app.core.freshness import Mark
from app.core.keys import StoredKey
from app.core.runtime import build_core
from app.identity import tokens
from app.identity.errors import TokenRefused
from composition import web_app


@pytest.fixture
def flask_on():
    """`flask_on(core)("keys", "list")` runs `flask keys list` on that core; answers click's result."""
    opened = []

    def on(core):
        world = build_world(core, waiters=1)
        opened.append(world)
        app = web_app(world)

        def run(*words):
            with app.app_context():
                return app.test_cli_runner().invoke(args=words)

        return run

    yield on
    for world in opened:
        for party in (world.sms, world.wechat, world.population, world.health_authority):
            party.close()
        world.medical_insurance.close()


@pytest.fixture
def flask(core, flask_on):
    """The same on the test's transaction."""
    return flask_on(core)


def states(core, purpose):
    """kid → state of this purpose's keys."""
    with unit_of_work(core) as session:
        mine = select(StoredKey.kid, StoredKey.state).where(StoredKey.purpose == purpose)
        return dict(session.execute(mine).all())


def marked(core):
    with unit_of_work(core) as session:
        return session.get(Mark, ("keys", "*")) is not None


def kill_silently(core, purpose):
    with unit_of_work(core) as session:
        only = select(StoredKey).where(StoredKey.purpose == purpose, StoredKey.state == "current")
        row = session.scalars(only).one()
        row.state = "killed"
        return row.kid


def test_a_purpose_whose_only_key_is_killed_gets_a_new_one(core):
    killed = kill_silently(core, "one_time_codes")
    with unit_of_work(core) as session:
        assert keys.create_missing(session) == ["one_time_codes"]
        assert keys.create_missing(session) == []
    found = states(core, "one_time_codes")
    assert found.pop(killed) == "killed"
    assert list(found.values()) == ["current"]


def test_keys_init_serves_the_missing_purpose_tells_everybody_and_can_be_repeated(core, flask):
    kill_silently(core, "refresh_tokens")
    assert not marked(core)
    first = flask("keys", "init")
    assert first.exit_code == 0
    assert "refresh_tokens" in first.output
    assert marked(core)
    assert sorted(states(core, "refresh_tokens").values()) == ["current", "killed"]
    again = flask("keys", "init")
    assert again.exit_code == 0
    assert "refresh_tokens" not in again.output
    assert len(states(core, "refresh_tokens")) == 2


def test_kill_makes_a_new_current_key_and_tells_every_process(live_core, flask_on):
    flask = flask_on(live_core)
    person = make_person(live_core)
    killed = live_core.keys.current("access_tokens").kid
    result = flask("keys", "kill", "access_tokens", killed, "--yes")
    assert result.exit_code == 0, result.output
    assert marked(live_core)
    found = states(live_core, "access_tokens")
    assert found.pop(killed) == "killed"
    assert list(found.values()) == ["current"]
    assert live_core.freshness.read_once()
    assert live_core.keys.current("access_tokens").kid in found
    with pytest.raises(TokenRefused):
        tokens.read_access(live_core.keys, person.access_token)


def test_killing_an_old_key_leaves_the_current_one(core, flask):
    current = core.keys.current("refresh_tokens").kid
    with unit_of_work(core) as session:
        old = keys.add_key(session, "refresh_tokens", "previous").kid
    assert flask("keys", "kill", "refresh_tokens", old, "--yes").exit_code == 0
    assert states(core, "refresh_tokens") == {current: "current", old: "killed"}


def test_killing_asks_first_and_knows_only_living_keys(core, flask):
    current = core.keys.current("access_tokens").kid
    assert flask("keys", "kill", "access_tokens", current).exit_code != 0
    assert flask("keys", "kill", "access_tokens", "00000000", "--yes").exit_code != 0
    assert states(core, "access_tokens") == {current: "current"}
    assert not marked(core)


def test_it_is_said_before_that_everybody_will_have_to_sign_in_anew_and_then_they_do(
    core, flask, client, invent
):
    person, kid = invent(), core.keys.current("refresh_tokens").kid
    declined = flask("keys", "kill", "refresh_tokens", kid)
    assert "sign in anew" in declined.output
    assert states(core, "refresh_tokens") == {kid: "current"}
    assert flask("keys", "kill", "refresh_tokens", kid, "--yes").exit_code == 0
    core.load_keys()
    body = {"refresh_token": person.refresh_token}
    assert client.post("/api/v1/auth/sessions/refresh", json=body).status_code == 401


@pytest.mark.parametrize("purpose", ["blind_phone", "blind_document", "fields"])
def test_a_key_without_which_stored_data_is_lost_cannot_be_killed(core, flask, purpose):
    kid = core.keys.current(purpose).kid
    result = flask("keys", "kill", purpose, kid, "--yes")
    assert result.exit_code == 1, result.output
    assert purpose in result.output
    assert states(core, purpose) == {kid: "current"}


@pytest.mark.parametrize("purpose", ["blind_phone", "blind_document"])
def test_a_blind_index_is_not_rotated(core, flask, purpose):
    kid = core.keys.current(purpose).kid
    result = flask("keys", "rotate", purpose)
    assert result.exit_code == 1, result.output
    assert purpose in result.output
    assert states(core, purpose) == {kid: "current"}


def test_a_rotated_key_is_known_everywhere_before_it_is_used(live_core, flask_on):
    """One process reads as seldom as it may before it is stale; another is always first to know."""
    flask, old = flask_on(live_core), live_core.keys.current("access_tokens").kid
    person = make_person(live_core)
    behind, ahead = build_core(live_core.settings), build_core(live_core.settings)
    assert behind.freshness.read_once()
    results = []
    rotating = threading.Thread(
        target=lambda: results.append(flask("keys", "rotate", "access_tokens"))
    )
    rotating.start()
    looks, unknown, read_at = 0, set(), time.monotonic()
    while looks == 0 or rotating.is_alive():
        look_for_unknown_keys(ahead, behind, unknown)
        looks += 1
        if time.monotonic() - read_at >= freshness.STALE_AFTER - 0.5:
            assert behind.freshness.read_once()
            read_at = time.monotonic()
        time.sleep(0.02)
    look_for_unknown_keys(ahead, behind, unknown)
    rotating.join()
    print(f"\nlooks n = {looks + 1}: {len(unknown)} keys in use and unknown elsewhere")
    assert results[0].exit_code == 0, results[0].output
    new = ahead.keys.current("access_tokens").kid
    assert states(live_core, "access_tokens") == {old: "previous", new: "current"}
    assert unknown == set()
    # What the old key made stays good.
    assert tokens.read_access(ahead.keys, person.access_token) == person.actor
    ahead.close()
    behind.close()


def look_for_unknown_keys(ahead, behind, unknown):
    ahead.load_keys()
    kid = ahead.keys.current("access_tokens").kid
    if behind.keys.get("access_tokens", kid) is None:
        unknown.add(kid)
