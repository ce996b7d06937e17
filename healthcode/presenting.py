"""Opening my code: the current status, and a code freshly signed for a short while."""

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from app.audit import services as audit
from app.audit.services import for_person
from app.core import clock
from app.core.db import Session
from app.core.runtime import Core
from app.core.types import Actor
from app.family import uses
from app.family.queries import reach
from healthcode import queries, rulebook, snapshots
from healthcode.colours import Colour, ShownColour, State
from healthcode.deciding import decide
from healthcode.models import HealthStatus
from healthcode.signing import sign_code
from healthcode.snapshots import Snapshot, snapshot
from healthcode.token import Claims

#: How long a code is good for.
LIFE = timedelta(seconds=120)
#: Seconds until a client should open it anew, and how far that is spread, so that a million phones
#: do not ask in the same second.
REFRESH_AFTER = 60
JITTER = 15


@dataclass(frozen=True)
class ShownReason:
    """A reason in the reader's language."""

    code: str
    text: str
    rule: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class ShownCode:
    """What the holder sees. `code` is None unless the state is active."""

    state: State
    colour: ShownColour
    reasons: tuple[ShownReason, ...]
    code: str | None
    issued_at: datetime
    expires_at: datetime
    #: Seconds.
    refresh_after: int


def subject_reached(session: Session, actor: Actor, subject_id: uuid.UUID | None) -> uuid.UUID:
    """Myself, or a person whose code I may show by mandate, which is then audited.

    Raises `NotFound` for anybody else.
    """
    reached = reach(session, actor, subject_id, "view_code")
    if reached.mandate_id is not None:
        uses.record(session, reached.mandate_id, "code_shown")
        audit.record(session, for_person(actor, "healthcode.open_for", reached.person_id))
    return reached.person_id


def open_code(session: Session, person_id: uuid.UUID, language: str) -> ShownCode:
    """The person's code now. Asks PostgreSQL only when Redis cannot be relied on."""
    held = snapshots.recall(session.core, person_id)
    if held is not None and not held.outdated(clock.now()):
        return _show(session.core, held, language)
    return show(session, _stored(session, person_id), language)


def show(session: Session, status: HealthStatus | None, language: str) -> ShownCode:
    """A status as its holder sees it."""
    return _show(session.core, snapshot(status) if status else None, language)


def _stored(session: Session, person_id: uuid.UUID) -> HealthStatus | None:
    status = queries.current_status(session, person_id)
    if status is None:
        return None
    kept = snapshot(status)
    if kept.outdated(clock.now()):
        return decide(session, person_id)
    snapshots.keep(session.core, person_id, kept)
    return status


def _show(core: Core, held: Snapshot | None, language: str) -> ShownCode:
    # Whole seconds, as the code itself has them.
    now = clock.now().replace(microsecond=0)
    expires_at = now + LIFE
    code = None
    if held is not None and held.state == "active":
        claims = Claims(held.id, cast(Colour, held.colour), now, expires_at)
        code = sign_code(core.keys, claims)
    return ShownCode(
        state=held.state if held else "none",
        colour=held.colour if held else "unknown",
        reasons=_reasons(held, language) if held else (),
        code=code,
        issued_at=now,
        expires_at=expires_at,
        refresh_after=REFRESH_AFTER + random.randint(0, JITTER),  # noqa: S311 spreads load
    )


def _reasons(held: Snapshot, language: str) -> tuple[ShownReason, ...]:
    rules = rulebook.rule_sets()[held.rule_set]
    return tuple(
        ShownReason(
            code=each["code"],
            text=rules.text(each["code"], language),
            rule=each["rule"],
            since=datetime.fromisoformat(each["since"]),
            until=datetime.fromisoformat(each["until"]) if each["until"] else None,
        )
        for each in held.reasons
    )
