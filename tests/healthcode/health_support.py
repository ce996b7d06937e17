"""A health authority whose answers a test decides, and doors with staff."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from app.connectors.exchange import HealthRecord
from app.core import clock
from app.core.db import unit_of_work
from app.core.http import PartyUnavailable
from app.core.runtime import Core
from healthcode.venues import NewVenue, add_staff, register_venue

HEALTHY = {
    "temperature_c": 36.5,
    "symptoms": [],
    "contact": "no",
    "risk_area": "low",
    "confirmed_true": True,
}


@dataclass
class Authority:
    """A health authority in this process: `records` is what it says, `silent` that it does not."""

    known: dict[str, list[HealthRecord]] = field(default_factory=dict)
    silent: bool = False
    asked: int = 0

    def records(self, name: str, document_type: str, document_number: str) -> list[HealthRecord]:
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
