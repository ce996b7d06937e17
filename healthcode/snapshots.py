"""A person's current status as the hot path needs it, kept in Redis when there is one.

An entry is made from committed rows only and lives shorter than the window in which freshness names a
change, so a slow writer's old entry is never believed. It is sealed and bears its own time: whoever
can write to Redis can neither invent a colour nor bring an old one back.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from app.core import clock, crypto
from app.core.runtime import Core
from healthcode.colours import ShownColour, State
from healthcode.models import HealthStatus

#: Seconds. Must stay below `app.core.freshness.WINDOW`.
TTL = 600


@dataclass(frozen=True)
class Snapshot:
    """What opening a code needs of a status."""

    id: uuid.UUID
    version: int
    state: State
    colour: ShownColour
    #: As stored: [{code, rule, since, until}].
    reasons: list[dict[str, Any]]
    rule_set: str
    valid_until: datetime | None

    def outdated(self, now: datetime) -> bool:
        """Whether the same facts would decide otherwise by now."""
        return self.valid_until is not None and self.valid_until <= now


def snapshot(status: HealthStatus) -> Snapshot:
    """The snapshot of a row."""
    return Snapshot(
        id=status.id,
        version=status.version,
        state=cast(State, status.state),
        colour=cast(ShownColour, status.colour),
        reasons=status.reasons,
        rule_set=status.rule_set,
        valid_until=status.valid_until,
    )


def recall(core: Core, person_id: uuid.UUID) -> Snapshot | None:
    """The kept snapshot, unless the person's code changed lately or we cannot know whether it did."""
    if core.freshness.stale or core.freshness.changed("code", str(person_id)):
        return None
    held = core.cache.get(_key(person_id))
    if held is None:
        return None
    try:
        content = json.loads(crypto.unseal(core.keys, _place(person_id), held))
    except crypto.Unreadable:
        return None
    age = clock.now() - datetime.fromisoformat(content.pop("kept_at"))
    return _read(content) if age <= timedelta(seconds=TTL) else None


def keep(core: Core, person_id: uuid.UUID, kept: Snapshot) -> None:
    """Keep a snapshot of a committed status, unless a newer one is there."""
    until = kept.valid_until.isoformat() if kept.valid_until else None
    content = {
        **vars(kept),
        "id": str(kept.id),
        "valid_until": until,
        "kept_at": clock.now().isoformat(),
    }
    sealed = crypto.seal(core.keys, _place(person_id), json.dumps(content))
    core.cache.put_if_newer(_key(person_id), sealed, version=kept.version, ttl=TTL)


def drop(core: Core, person_id: uuid.UUID) -> None:
    """Forget what is kept. Only a matter of speed: freshness makes old entries unbelieved."""
    core.cache.drop(_key(person_id))


def _read(content: dict[str, Any]) -> Snapshot:
    until = content["valid_until"]
    return Snapshot(
        **{
            **content,
            "id": uuid.UUID(content["id"]),
            "valid_until": datetime.fromisoformat(until) if until else None,
        }
    )


def _place(person_id: uuid.UUID) -> crypto.Field:
    return crypto.Field("redis", "code", person_id)


def _key(person_id: uuid.UUID) -> str:
    return f"{{c:{person_id}}}:code:v2"
