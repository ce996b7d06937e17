"""Quotas in PostgreSQL, a cache that may vanish, logs that say nothing personal."""

import json
import threading

import pytest
import structlog
from sqlalchemy import text

from app.core import limits, logging
from app.core.db import phases, unit_of_work
from app.core.errors import TooManyRequests
from app.core.limits import Quota
from app.core.redis import Cache

QUOTA = Quota("test", 7, 3_600)


def test_a_quota_holds_under_parallel_use(live_core):
    granted = []

    def use():
        with unit_of_work(live_core) as session:
            granted.append(limits.try_consume(session, QUOTA, "somebody"))

    threads = [threading.Thread(target=use) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(granted), len(granted)) == (7, 40)


def test_a_used_up_quota_says_when_to_come_back(session):
    for _ in range(7):
        limits.consume(session, QUOTA, "a")
    with pytest.raises(TooManyRequests) as refused:
        limits.consume(session, QUOTA, "a")
    assert 1 <= refused.value.retry_after <= 3_601
    limits.consume(session, QUOTA, "b")


def test_the_stored_bucket_does_not_name_its_subject(session):
    limits.consume(session, QUOTA, "19900000001")
    assert all("19900000001" not in row.bucket for row in session.query(limits.Used))


def test_a_cache_without_redis_is_only_empty():
    cache = Cache("redis://127.0.0.1:9/0")
    cache.put_if_newer("k", b"v", version=1, ttl=10)
    assert cache.get("k") is None
    assert not cache.available()
    cache.close()


def test_an_older_version_does_not_overwrite_a_newer_one(core):
    core.cache.put_if_newer("{c:1}:x", b"new|er", version=2, ttl=10)
    core.cache.put_if_newer("{c:1}:x", b"older", version=1, ttl=10)
    assert core.cache.get("{c:1}:x") == b"new|er"
    core.cache.drop("{c:1}:x")
    assert core.cache.get("{c:1}:x") is None


def test_a_log_line_keeps_allowed_fields_only(capsys):
    logging.configure()
    structlog.get_logger().info("happened", count=3, phone="19900000001", name="张三")
    line = json.loads(capsys.readouterr().out)
    assert line["count"] == 3
    assert "19900000001" not in str(line)
    assert "张三" not in str(line)


def test_a_call_inside_a_transaction_is_a_mistake(session):
    with pytest.raises(RuntimeError, match="inside a transaction"):
        phases(
            session,
            prepare=lambda: None,
            call=lambda _: session.execute(text("SELECT 1")),
            apply=lambda _, __: None,
        )
