"""Twenty thousand guesses at the codes of one phone, from many addresses, with Redis killed midway."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.connectors.world import build_world
from app.core import clock
from app.core.db import unit_of_work
from app.core.redis import Cache
from app.identity import login_codes
from app.identity.models import LoginCode, SessionFamily
from composition import web_app
from scripts.local_services import LocalServices

N, ROUNDS, THREADS = 20_000, 40, 16
PHONE = "19911117100"
DEVICE = {"id": "guesser", "name": "猜", "platform": "android"}


@pytest.fixture
def own_redis(tmp_path):
    """A Redis of this test's own, to be killed."""
    with LocalServices(tmp_path / "own", durable=False) as local:
        yield local


@pytest.fixture
def live_app(live_core, own_redis):
    cache = Cache(own_redis.addresses.redis_url)
    assert cache.available()
    yield web_app(build_world(replace(live_core, cache=cache), waiters=1))
    cache.close()


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_guesses_at_one_phone_open_nothing_with_redis_or_without(
    live_core, live_app, own_redis, monkeypatch, tell
):
    rng, began = random.Random(20), time.perf_counter()
    codes, guesses, waits = Counter(), Counter(), []
    # A day's beginning, so that the whole run lies within one day's quotas.
    start = clock.now().replace(hour=1, minute=0, second=0)

    def post(path, body):
        address = f"198.51.{rng.randrange(256)}.{rng.randrange(256)}"
        asked = time.perf_counter()
        answer = live_app.test_client().post(path, json=body, environ_base={"REMOTE_ADDR": address})
        waits.append(time.perf_counter() - asked)
        return answer.status_code, answer.get_json().get("code")

    def guess(digits):
        body = {"phone": PHONE, "code": digits, "device": DEVICE}
        return post("/api/v1/auth/sessions", body)

    with ThreadPoolExecutor(THREADS) as pool:
        for step in range(ROUNDS):
            if step == ROUNDS // 2:
                own_redis.kill_redis()
            at = start + timedelta(minutes=30 * step)
            monkeypatch.setattr(clock, "now", lambda at=at: at)
            codes[post("/api/v1/auth/codes", {"phone": PHONE, "purpose": "login"})] += 1
            known = codes_of(live_core)
            tried = [
                digits
                for digits in (f"{rng.randrange(1_000_000):06d}" for _ in range(N // ROUNDS))
                # A lucky guess would rightly open a session; this is about the unlucky ones.
                if digits not in known
            ]
            guesses.update(pool.map(guess, tried))
    with unit_of_work(live_core) as session:
        tries = session.scalars(select(LoginCode.tries)).all()
        opened = session.scalar(select(func.count()).select_from(SessionFamily))
    sent, judged = codes[202, None], sum(tries)
    slow = sorted(waits)[int(len(waits) * 0.99)]
    tell(
        "one-time-code guesses",
        f"n = {sum(guesses.values()):,} guesses at one phone, Redis killed after half,"
        f" {judged} judged, at most {max(tries)} a code, {sent} messages of {ROUNDS} asked for,"
        f" {opened} sessions opened, p99 {slow * 1e3:.0f} ms, {time.perf_counter() - began:.0f} s",
    )
    assert not live_app.extensions["huiban"].core.cache.available()
    assert_refused(guesses)
    assert set(codes) == {(202, None), (429, "too_many_requests")}
    assert max(tries) <= login_codes.MAX_TRIES
    # Neither Redis nor its absence may be what stopped them.
    assert judged == login_codes.JUDGED_A_DAY.limit
    assert sent == login_codes.PER_PHONE_DAY.limit
    assert opened == 0


def assert_refused(guesses):
    assert sum(guesses.values()) > N * 0.99
    # So many failures trip the breaker: then strangers are asked to work before they are judged.
    refusals = {(401, "login_refused"), (403, "proof_of_work_required")}
    assert set(guesses) <= refusals | {(503, "database_unavailable")}
    assert sum(guesses[each] for each in refusals) > N * 0.9


def codes_of(core):
    with unit_of_work(core) as session:
        rows = session.scalars(select(LoginCode)).all()
        return {login_codes.derive(session, row) for row in rows}
