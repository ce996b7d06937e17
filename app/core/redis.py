"""Redis as speed only: every call may fail, and then the caller works without it.

After a failure Redis is left alone for a second, so that its absence costs one short wait a second
and process, not one a request.
"""

import time
from typing import Any, cast

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

log = structlog.get_logger()

#: Seconds: a cache slower than the database is no cache.
TIMEOUT = 0.1
PAUSE = 1.0

#: Stored as "<version>|<value>"; replaced only by a higher version, so a slow writer cannot
#: bring back what a faster one has overtaken.
_PUT_IF_NEWER = """
local held = redis.call('GET', KEYS[1])
if held then
  local version = tonumber(string.match(held, '^(%d+)|'))
  if version and version > tonumber(ARGV[1]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1] .. '|' .. ARGV[2], 'EX', ARGV[3])
return 1
"""


class Cache:
    """A Redis that may vanish at any moment. With no URL it is always absent."""

    def __init__(self, url: str | None) -> None:
        self._client: redis.Redis | None = None
        self._resting_until = 0.0
        if url:
            self._client = redis.Redis.from_url(
                url,
                socket_timeout=TIMEOUT,
                socket_connect_timeout=TIMEOUT,
                retry=Retry(NoBackoff(), 0),
            )
            self._put_if_newer = self._client.register_script(_PUT_IF_NEWER)

    def available(self) -> bool:
        """Whether Redis answers a ping now."""
        return self._guarded(lambda client: bool(client.ping())) or False

    def get(self, key: str) -> bytes | None:
        """The value stored by `put_if_newer`, or None when unknown or unreachable."""
        held = self._guarded(lambda client: cast("bytes | None", client.get(key)))
        return held.partition(b"|")[2] if held else None

    def put_if_newer(self, key: str, value: bytes, *, version: int, ttl: int) -> None:
        """Keep `value` for `ttl` seconds unless a higher version is already there."""
        self._guarded(lambda client: self._put_if_newer(keys=[key], args=[version, value, ttl]))

    def drop(self, key: str) -> None:
        """Forget `key`, if Redis can be reached."""
        self._guarded(lambda client: client.delete(key))

    def close(self) -> None:
        """Give the connections back."""
        if self._client is not None:
            self._client.close()

    def _guarded(self, use: Any) -> Any:
        if self._client is None or time.monotonic() < self._resting_until:
            return None
        try:
            return use(self._client)
        except redis.RedisError as error:
            self._resting_until = time.monotonic() + PAUSE
            log.warning("redis_unreachable", error=type(error).__name__)
            return None
