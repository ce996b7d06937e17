"""PostgreSQL and Redis for one launcher, from start to stop."""

import atexit
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from scripts.local import databases, janitor
from scripts.local.accounts import server_account
from scripts.local.binaries import Binaries
from scripts.local.errors import LocalServicesError
from scripts.local.home import POSTGRES_END, REDIS_END, Home, Record, make_private, remove_private
from scripts.local.postgres_server import SUPERUSER, PostgresServer, data_majors
from scripts.local.processes import Identity, end, kill_tree
from scripts.local.redis_server import RedisServer

FLAVOUR_VARIABLE = "HUIBAN_LOCAL"
MAINTENANCE_DATABASE = "postgres"

T = TypeVar("T")


@dataclass(frozen=True)
class Addresses:
    database_url: str
    owner_url: str
    admin_url: str
    redis_url: str | None

    def environment(self) -> dict[str, str]:
        """The variables under which our programs look for them."""
        named = {
            "DATABASE_URL": self.database_url,
            "DATABASE_OWNER_URL": self.owner_url,
            "DATABASE_ADMIN_URL": self.admin_url,
            "REDIS_URL": self.redis_url,
        }
        return {name: value for name, value in named.items() if value is not None}


@dataclass
class _Process:
    """A server of ours while it runs: the handle reaps it, the identity says it is still it."""

    handle: "subprocess.Popen[bytes]"
    identity: Identity

    @classmethod
    def of(cls, handle: "subprocess.Popen[bytes]") -> "_Process":
        # Even one that ended at once has an identity until its handle is polled.
        return cls(handle, _started(Identity.of(handle.pid)))

    def end(self, steps: tuple[tuple[int, float], ...]) -> None:
        # Poll first: a server that died on its own must not linger as a zombie.
        if self.handle.poll() is None:
            end(self.identity, steps)
        self.handle.wait()

    def kill(self) -> None:
        kill_tree(self.identity)
        self.handle.wait()


class LocalServices:
    """Private servers with their data under `home`, which belongs to one launcher at a time.

    Not durable means that a crash of the machine may cost the data; a crash of the server never.
    """

    def __init__(
        self, home: Path, *, durable: bool = True, flavour: str | None = None, redis: bool = True
    ) -> None:
        self.home = Home(home)
        self.durable, self.with_redis = durable, redis
        self.flavour = flavour or os.environ.get(FLAVOUR_VARIABLE) or None
        self._owner_pid = os.getpid()
        self._record: Record | None = None
        self._private: Path | None = None
        self._postgres_server: PostgresServer | None = None
        self._redis_server: RedisServer | None = None
        self._postgres: _Process | None = None
        self._redis: _Process | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None

    # --- the whole ----------------------------------------------------------------------------

    def start(self) -> Addresses:
        _require_linux()
        self.home.acquire()
        self._owner_pid = os.getpid()
        atexit.register(self.stop)
        try:
            self.home.recover(self.home.record())
            janitor.sweep()
            self._lay_out()
            self.start_postgres()
            databases.prepare(self.database_url(MAINTENANCE_DATABASE, SUPERUSER))
            if self.with_redis:
                self.start_redis()
        except BaseException:
            self.stop()
            raise
        return self.addresses

    def stop(self) -> None:
        """End both servers and the watchdog, remove the sockets, keep the data."""
        # A forked child inherits this object and its exit hook, but not the servers.
        if os.getpid() != self._owner_pid:
            return
        if self._redis:
            self._redis.end(REDIS_END)
        if self._postgres:
            self._postgres.end(POSTGRES_END)
        self._redis = self._postgres = None
        if self._watchdog:
            self._watchdog.terminate()
            self._watchdog.wait()
            self._watchdog = None
        if self._private:
            remove_private(self._private)
            self._private = None
            self.home.forget()
        self.home.release()
        atexit.unregister(self.stop)

    def __enter__(self) -> "LocalServices":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def addresses(self) -> Addresses:
        return Addresses(
            database_url=self.database_url(databases.DATABASE, databases.APP),
            owner_url=self.database_url(databases.DATABASE, databases.OWNER),
            admin_url=self.database_url(MAINTENANCE_DATABASE, SUPERUSER),
            redis_url=f"unix://{self._redis_server.socket}" if self._redis_server else None,
        )

    # --- one server ---------------------------------------------------------------------------

    def start_postgres(self) -> None:
        server = _started(self._postgres_server)
        if self._postgres and self._postgres.handle.poll() is None:
            return
        server.prepare()
        self._postgres = _Process.of(server.spawn())
        # Noted before it is ready: we may be killed while it is still replaying its log.
        self._note()
        server.wait_until_ready(self._postgres.handle)

    def kill_postgres(self) -> None:
        """kill -9 of the postmaster and every process below it."""
        if self._postgres:
            self._postgres.kill()
            self._postgres = None
            self._note()

    def start_redis(self) -> None:
        server = _started(self._redis_server)
        if self._redis and self._redis.handle.poll() is None:
            return
        self._redis = _Process.of(server.spawn())
        self._note()
        server.wait_until_ready(self._redis.handle)

    def kill_redis(self) -> None:
        if self._redis:
            self._redis.kill()
            self._redis = None
            self._note()

    # --- databases ----------------------------------------------------------------------------

    def database_url(self, name: str, role: str) -> str:
        return databases.url(_started(self._private), name, role)

    def create_database(self, name: str, template: str | None = None) -> None:
        databases.create_database(self.addresses.admin_url, name, template)

    def drop_database(self, name: str) -> None:
        databases.drop_database(self.addresses.admin_url, name)

    # --- within -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        """Choose account, places and binaries, and set the watchdog before any server runs."""
        account = server_account(self.home.path)
        area = self.home.area(account, durable=self.durable)
        binaries = Binaries(account, area, self.flavour)
        chosen = binaries.postgres(data_majors(area))
        redis = binaries.redis() if self.with_redis else None
        private = self._private = make_private(account)
        for server in ("postgres", "redis"):
            self.home.log(server).write_bytes(b"")
        log = self.home.log("postgres")
        self._postgres_server = PostgresServer(chosen, account, area, private, log, self.durable)
        if redis:
            self._redis_server = RedisServer(redis, account, private, self.home.log("redis"))
        data = str(self._postgres_server.data)
        self._record = Record(
            launcher=_self(),
            private=str(private),
            data=data,
            volatile=not self.durable,
            addresses=self.addresses.environment(),
        )
        self.home.write(self._record)
        self._watchdog = janitor.spawn_watchdog(self.home.path)

    def _note(self) -> None:
        """Remember what runs, for whoever has to clean up after us."""
        self._record = replace(
            _started(self._record),
            postgres=self._postgres.identity if self._postgres else None,
            redis=self._redis.identity if self._redis else None,
        )
        self.home.write(self._record)


def _started(value: T | None) -> T:
    if value is None:
        raise RuntimeError("start() first")
    return value


def _self() -> Identity:
    return _started(Identity.of(os.getpid()))


def _require_linux() -> None:
    if not sys.platform.startswith("linux") or Identity.of(os.getpid()) is None:
        raise LocalServicesError(
            "内置的 PostgreSQL 与 Redis 只支持 Linux(含 WSL 与容器)。"
            "请设置 DATABASE_URL、DATABASE_OWNER_URL、DATABASE_ADMIN_URL 与 REDIS_URL, "
            "使用自己的服务。",
            "The embedded PostgreSQL and Redis need Linux (WSL and containers included). Set "
            "DATABASE_URL, DATABASE_OWNER_URL, DATABASE_ADMIN_URL and REDIS_URL to use your own.",
        )
