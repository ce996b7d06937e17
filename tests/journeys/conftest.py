"""A whole running product: real processes, real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest
from rich.console import Console

from scripts.demo import supervise
from scripts.environment import read_world
from scripts.stack import Layout, Stack
from scripts.story.door import Door
from scripts.story.telling import Client, Teller, open_http


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product as `make run` starts it, on ports and data of its own."""
    home = tmp_path_factory.mktemp("stack")
    with Stack(Layout(home=home, durable=False, quiet=True)) as running:
        yield running


@pytest.fixture(scope="module")
def people() -> dict:
    """The invented people by key."""
    return {person["key"]: dict(person) for person in read_world()["people"]}


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    """The connections of all clients."""
    with open_http() as opened:
        yield opened


@pytest.fixture(scope="module")
def door(stack: Stack, people: dict, http: httpx.Client) -> Door:
    """The story of the door, played once; afterwards its people are signed in."""
    staff = read_world()["venue_staff"][0]["person"]
    told = Door(
        api=stack.url,
        stubs=Client(stack.stubs_url, http),
        folder=stack.layout.home,
        resident=people["r001"],
        contact=people["r204"],
        staff=people[staff],
    )
    told.tell(Teller(Console(quiet=True), after_step=lambda: None))
    return told


@pytest.fixture
def supervised(stack: Stack) -> Iterator[None]:
    """Whatever is killed comes back, as under a process supervisor."""
    stop = threading.Event()
    thread = threading.Thread(target=supervise, args=(stack, stop), daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()
    stack.wait_until_ready()
