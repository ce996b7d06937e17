"""A cache that has failed is left alone for a second: its absence costs next to nothing."""

import socket
import threading
import time

import pytest

from app.core.redis import PAUSE, TIMEOUT, Cache


class FakeRedis:
    """Something that listens where Redis should and counts who comes. `hangs`: it never answers."""

    def __init__(self, *, hangs):
        self.hangs, self.came, self._open = hangs, 0, []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._socket.getsockname()[1]}/0"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.came += 1
            if self.hangs:
                self._open.append(connection)
            else:
                connection.close()

    def close(self):
        self._socket.close()
        for connection in self._open:
            connection.close()


@pytest.fixture(params=["hangs", "hangs up"])
def broken(request):
    server = FakeRedis(hangs=request.param == "hangs")
    yield server
    server.close()


def every_use(cache):
    assert cache.get("k") is None
    cache.put_if_newer("k", b"v", version=1, ttl=10)
    cache.drop("k")
    assert not cache.available()


def test_after_a_failure_redis_is_left_alone_for_a_second(broken, monkeypatch):
    cache, monotonic = Cache(broken.url), time.monotonic
    assert cache.get("k") is None
    came = broken.came
    assert came >= 1
    began = monotonic()
    for _ in range(100):
        every_use(cache)
    spent = monotonic() - began
    print(f"\ncalls n = 400 while it rests: {broken.came - came} reached Redis, {spent:.3f} s")
    assert broken.came == came
    assert spent < TIMEOUT
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + PAUSE + 0.1)
    assert cache.get("k") is None
    assert broken.came > came
    cache.close()


def test_one_failure_costs_one_short_wait(broken):
    cache = Cache(broken.url)
    began = time.monotonic()
    every_use(cache)
    assert time.monotonic() - began < TIMEOUT + 0.25
    cache.close()


def test_redis_is_used_again_once_it_is_back(core, monkeypatch):
    cache, monotonic = Cache(core.settings.redis_url), time.monotonic
    assert cache.available()
    cache._resting_until = monotonic() + PAUSE
    assert not cache.available()
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + PAUSE + 0.1)
    assert cache.available()
    cache.close()
