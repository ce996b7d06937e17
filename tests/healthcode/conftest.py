"""People with codes, venues with staff, and a health authority whose answers a test decides."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from app.connectors.exchange import HealthRecord
from app.connectors.world import World
from app.core import clock
from app.core.db import unit_of_work
from app.core.http import PartyUnavailable
from app.core.runtime import Core
from healthcode.venues import NewVenue, add_staff, register_venue


@dataclass
class Authority:
    """A health authority in this process: `records` is what it says, `silent` that it does not."""

    known: dict[str, list[HealthRecord]] = field(default_factory=dict)
    silent: bool = False
    asked: int = 0

    def records(self, name: str, document_number: str) -> list[HealthRecord]:
        self.asked += 1
        if self.silent:
            raise PartyUnavailable("health_authority")
        return list(self.known.get(document_number, ()))

    def says(self, person: Any, category: str, **times: Any) -> HealthRecord:
        record = HealthRecord(
            record_id=f"R{len(self.known)}-{category}",
            category=category,
            since=times.get("since") or clock.now(),
            until=times.get("until"),
        )
        self.known.setdefault(person.document_number, []).append(record)
        return record


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def world(world: World, authority: Authority) -> World:
    """The world with that authority in it."""
    return replace(world, health_authority=authority)


HEALTHY = {
    "temperature_c": 36.5,
    "symptoms": [],
    "contact": "no",
    "risk_area": "low",
    "confirmed_true": True,
}


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


def staffed_venue(core: Core, account_id: uuid.UUID, name: str = "武汉站") -> uuid.UUID:
    """A new venue at which the account may scan."""
    with unit_of_work(core) as session:
        new = NewVenue(name, "station", "420106000000", "中北路1号")
        venue_id = register_venue(session, new)
        add_staff(session, venue_id, account_id)
    return venue_id


@dataclass(frozen=True)
class Door:
    """A venue and somebody who scans there."""

    client: Any
    staff: Any
    venue_id: uuid.UUID

    def send(self, code: str, **more: Any) -> Any:
        body = {"code": code, "venue_id": str(self.venue_id), **more}
        # Escaped, so that even half a surrogate pair can be sent.
        return self.client.post(
            "/api/v1/verifier/scans",
            data=json.dumps(body),
            content_type="application/json",
            headers=self.staff.headers,
        )

    def scan(self, code: str, **more: Any) -> dict[str, Any]:
        answer = self.send(code, **more)
        assert answer.status_code == 200, answer.json
        return answer.json


@pytest.fixture
def new_door(client, core, invent) -> Callable[..., Door]:
    """Make a door: `new_door()`; `new_door("…")` names the venue."""

    def make(name: str = "武汉站") -> Door:
        staff = invent(level="phone")
        return Door(client, staff, staffed_venue(core, staff.actor.account, name))

    return make
