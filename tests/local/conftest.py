from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from scripts.local.home import Home
from scripts.local_services import LocalServices, clean

Ask = Callable[..., Any]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    """A home nobody has used yet: making its data takes most of a second."""
    yield tmp_path / "home"
    clean(tmp_path / "home", stop_launcher=True)


@pytest.fixture(scope="session")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("used") / "home"
    yield path
    clean(path, stop_launcher=True)


@pytest.fixture
def home(used: Path) -> Iterator[Path]:
    """A home where nothing runs, with whatever data the tests before left in it."""
    yield used
    left = Home(used)
    left.acquire()
    left.recover(left.record())
    left.release()


@pytest.fixture
def services(home: Path) -> Iterator[LocalServices]:
    """Running, volatile, and without Redis: what most of these tests need is PostgreSQL."""
    with LocalServices(home, durable=False, redis=False) as started:
        yield started


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServices]:
    """One for all tests that leave it as they found it."""
    path = tmp_path_factory.mktemp("shared") / "home"
    with LocalServices(path, durable=False) as started:
        yield started
    clean(path)


@pytest.fixture
def ask() -> Ask:
    """The single value that a statement gives."""

    def ask(url: str, statement: str) -> Any:
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None

    return ask


@pytest.fixture
def do() -> Callable[[str, str], None]:
    """A statement that gives nothing back."""

    def do(url: str, statement: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())

    return do
