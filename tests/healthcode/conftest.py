"""People with codes, venues with staff, and a health authority whose answers a test decides."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from health_support import HEALTHY, Authority, Door, staffed_venue

from app.connectors.world import World


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def world(world: World, authority: Authority) -> World:
    """The world with that authority in it."""
    return replace(world, health_authority=authority)


@pytest.fixture
def declare(client) -> Callable[..., dict[str, Any]]:
    """Declare over HTTP; answers the status. Keywords change the healthy declaration."""

    def put(person: Any, **said: Any) -> dict[str, Any]:
        answer = client.put(
            "/api/v1/health-code/declaration", json={**HEALTHY, **said}, headers=person.headers
        )
        assert answer.status_code == 200, answer.json
        return answer.json

    return put


@pytest.fixture
def open_code(client) -> Callable[..., dict[str, Any]]:
    """Open the code over HTTP."""

    def get(person: Any, **headers: str) -> dict[str, Any]:
        answer = client.get("/api/v1/health-code", headers={**person.headers, **headers})
        assert answer.status_code == 200, answer.json
        return answer.json

    return get


@pytest.fixture
def new_door(client, core, invent) -> Callable[..., Door]:
    """Make a door: `new_door()`; `new_door("…")` names the venue."""

    def make(name: str = "武汉站") -> Door:
        staff = invent(level="phone")
        return Door(client, staff, staffed_venue(core, staff.actor.account, name))

    return make
