"""Real PostgreSQL and Redis from our own launcher; every test in a transaction that is rolled back.

`core`, `session`, `app`, `client`, `world` share one connection: what the client stored the test
sees, and nothing stays. `live_core` has a database of its own and really commits, for tests with
threads. Outside parties are the stand-ins over HTTP (`stubs`), started when a test asks for them.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from alembic import command
from sqlalchemy import Connection, event
from staffing import InventedOfficer, make_officer
from support import Invented, make_person

from api.context import EXTENSION
from app import settings as settings_module
from app.connectors.world import World, build_world
from app.core import keys as keyring
from app.core.db import Database, Session, unit_of_work
from app.core.redis import Cache
from app.core.runtime import Core, build_core
from app.settings import Settings
from composition import web_app
from migrations.__main__ import configuration
from scripts.environment import ROOT, WORLD, product_environment, stub_keys
from scripts.local_services import LocalServices
from scripts.stack import free_port

PUBLIC_URL = "http://127.0.0.1:1"
TEMPLATE = "template_huiban"


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this test process."""
    return tmp_path_factory.mktemp("huiban")


@pytest.fixture(scope="session")
def services(home: Path) -> Iterator[LocalServices]:
    """This test process's own servers, with a migrated template database."""
    with LocalServices(home / "services", durable=False) as local:
        local.create_database(TEMPLATE)
        command.upgrade(configuration(local.database_url(TEMPLATE, "huiban_owner")), "head")
        yield local


@pytest.fixture(scope="session")
def stubs_port() -> int:
    """Where the stand-ins listen, once `stubs` starts them."""
    return free_port()


@pytest.fixture(scope="session")
def parties_keys(stubs_port: int, home: Path) -> None:
    """The keys the stand-ins give out, where the settings expect them."""
    command = [
        *(sys.executable, "-m", "miniprogram_stubs"),
        *("--port", str(stubs_port), "--world", str(WORLD)),
        *("--keys", str(stub_keys(home)), "--keys-only"),
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


@pytest.fixture(scope="session")
def stubs(stubs_port: int, home: Path, parties_keys: None) -> Iterator[str]:
    """Address of the running stand-ins."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "miniprogram_stubs"),
            *("--port", str(stubs_port), "--world", str(WORLD)),
            *("--keys", str(stub_keys(home))),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{stubs_port}"
    try:
        _wait(f"{url}/healthz")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def configured(
    services: LocalServices, home: Path, stubs_port: int, parties_keys: None
) -> Settings:
    """Settings as a demonstration has them, read from the environment like everywhere."""
    services.create_database("shared", template=TEMPLATE)
    values = {
        **product_environment(home, f"http://127.0.0.1:{stubs_port}", PUBLIC_URL),
        "HUIBAN_ENV": "test",
        "DATABASE_URL": services.database_url("shared", "huiban_app"),
        "REDIS_URL": services.addresses.redis_url or "",
    }
    values.pop("HUIBAN_STUBS_URL")
    before = dict(os.environ)
    os.environ.update(values)
    try:
        return settings_module.load()
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def base_core(configured: Settings) -> Iterator[Core]:
    """A core whose keys exist; tests use `core` or `live_core`."""
    core = build_core(configured)
    with unit_of_work(core) as session:
        keyring.create_missing(session)
    core.load_keys()
    core.freshness.read_once()
    yield core
    core.close()


class JoinedDatabase(Database):
    """Every session joins one connection's transaction; commits become savepoints."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.engine = connection.engine

    def session(self, core: Core) -> Session:
        session = Session(
            bind=self.connection,
            join_transaction_mode="create_savepoint",
            expire_on_commit=False,
        )
        session.core = core
        return session


@pytest.fixture
def core(base_core: Core) -> Iterator[Core]:
    """A core whose database forgets everything after the test."""
    base_core.freshness.read_once()
    with base_core.database.engine.connect() as connection:
        outer = connection.begin()
        cache = Cache(base_core.settings.redis_url)
        yield dataclasses.replace(base_core, database=JoinedDatabase(connection), cache=cache)
        cache.close()
        outer.rollback()


@pytest.fixture
def session(core: Core) -> Iterator[Session]:
    """A session on the test's transaction."""
    with core.session() as opened:
        yield opened


@pytest.fixture
def world(core: Core) -> Iterator[World]:
    """The core and the real adapters; ask for `stubs` when one is to be answered."""
    made = build_world(core, waiters=4)
    yield made
    made.close_parties()


@pytest.fixture(scope="session")
def routed(base_core: Core) -> Iterator[Any]:
    """The whole web application with all its routes, and how it was at its start."""
    world = build_world(base_core, waiters=1)
    built = web_app(world)
    yield built, dict(built.extensions)
    world.close_parties()


@pytest.fixture
def app(routed: Any, world: World) -> Any:
    """The whole web application."""
    built, extensions = routed
    # What a process remembers is forgotten, as after a start.
    built.extensions.clear()
    built.extensions.update({**extensions, EXTENSION: world})
    return built


@pytest.fixture
def client(app: Any) -> Any:
    """Flask's test client."""
    return app.test_client()


@pytest.fixture
def live_core(base_core: Core, services: LocalServices) -> Iterator[Core]:
    """A core on a database of its own that really commits, with 16 connections."""
    name = f"live_{uuid.uuid4().hex[:12]}"
    services.create_database(name, template=TEMPLATE)
    url = settings_module.sqlalchemy_url(services.database_url(name, "huiban_app"))
    configured = dataclasses.replace(base_core.settings, database_url=url, database_pool=16)
    core = build_core(configured)
    with unit_of_work(core) as session:
        keyring.create_missing(session)
    core.load_keys()
    core.freshness.read_once()
    yield core
    core.close()
    services.drop_database(name)


@pytest.fixture
def invent(core: Core) -> Callable[..., Invented]:
    """Make signed-in people: `invent()` with a proved name, `invent(level="phone")` without."""
    return lambda level="real_name", into=core: make_person(into, level)


@pytest.fixture
def invent_officer(core: Core) -> Callable[..., InventedOfficer]:
    """Make signed-in officers: `invent_officer("window_officer")`."""
    return lambda *roles, into=core: make_officer(into, *roles)


@pytest.fixture
def count_sql(base_core: Core) -> Callable[[], Any]:
    """`with count_sql() as statements:` collects what is sent to PostgreSQL, savepoints left out."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_: Any, __: Any, statement: str, *___: Any) -> None:
            if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
                seen.append(statement)

        engine = base_core.database.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return counting


def _wait(url: str, within: float = 15) -> None:
    end = time.monotonic() + within
    while True:
        try:
            with urlopen(url, timeout=1):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
