"""Knocks on their way: claimed in batches, tried, tried again, given up.

A claim is a lease. It is committed before the provider is called, so a worker that dies leaves nothing
locked and another takes over when the lease ends; the notice's id as collapse key makes a second knock
replace the first.
"""

import math
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, text, tuple_, update

from app.core import clock, crypto
from app.core.db import Session
from app.core.jobs import defer
from push import composing
from push.devices import signed_in, token_field
from push.models import Delivery, Notice, PushDevice
from push.providers.base import Knock, Result
from push.rules import Rule

DELIVER_TASK = "push.deliver_batch"
QUEUE = "push"

#: Knocks claimed together: as many as the provider sends at once.
GROUP = 100
#: Knocks a job sends before it makes room for others and goes on as a new job.
JOB = 500
#: Jobs that go on side by side.
LANES = 2
#: Longer than the slowest group takes.
LEASE = timedelta(seconds=30)
TRIES = 5
#: Seconds before the second try; each further wait is four times as long.
FIRST_WAIT = 10
#: Google asks for a minute at least when its quota is used up.
QUOTA_WAIT = 60


@dataclass(frozen=True)
class Claimed:
    """A knock that is ours until the lease ends."""

    device_id: uuid.UUID
    knock: Knock
    #: This one included.
    tries: int


@dataclass
class Batch:
    """What one claim brought."""

    #: How many were due; some may have been settled without knocking.
    due: int = 0
    claimed: list[Claimed] = field(default_factory=list)

    @property
    def knocks(self) -> list[Knock]:
        """What the provider is given."""
        return [each.knock for each in self.claimed]


def start(session: Session, count: int) -> None:
    """Enqueue the work on `count` knocks just made: a few jobs, however many there are."""
    for _ in range(min(LANES, math.ceil(count / JOB))):
        defer(session, DELIVER_TASK, queue=QUEUE)


def go_on(session: Session) -> None:
    """A job that leaves due knocks behind goes on as a new one, unless `LANES` others will do.

    Every quarter of a minute another begins, and each would go on as long as there are knocks: in the
    end they would keep all of a worker's places, and sign-in codes would wait.
    """
    going = session.scalar(_GOING, {"queue": QUEUE, "task": DELIVER_TASK}) or 0
    if going - 1 < LANES:
        defer(session, DELIVER_TASK, queue=QUEUE)


#: This job included.
_GOING = text(
    "SELECT count(*) FROM procrastinate_jobs"
    " WHERE queue_name = :queue AND task_name = :task AND status IN ('todo', 'doing')"
)


def claim(session: Session) -> Batch:
    """Take up to `GROUP` due knocks, urgent ones first. The caller commits before it sends."""
    now = clock.now()
    due = (
        select(Delivery.notice_id, Delivery.device_id)
        .where(Delivery.state == "pending", Delivery.next_try_at <= now)
        .order_by(Delivery.urgent.desc(), Delivery.next_try_at)
        .limit(GROUP)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = session.execute(
        update(Delivery)
        .where(Delivery.notice_id == due.c.notice_id, Delivery.device_id == due.c.device_id)
        .values(tries=Delivery.tries + 1, next_try_at=now + LEASE)
        .returning(Delivery.notice_id, Delivery.device_id, Delivery.tries),
        execution_options={"synchronize_session": False},
    ).all()
    batch = Batch(due=len(taken))
    _prepare(session, batch, {(row[0], row[1]): row[2] for row in taken}, now)
    return batch


def _prepare(
    session: Session, batch: Batch, tries: dict[tuple[uuid.UUID, uuid.UUID], int], now: datetime
) -> None:
    if not tries:
        return
    pairs = tuple_(Delivery.notice_id, Delivery.device_id)
    found = session.execute(
        select(Notice, PushDevice, signed_in())
        .join(Delivery, Delivery.notice_id == Notice.id)
        .join(PushDevice, PushDevice.id == Delivery.device_id)
        .where(pairs.in_(list(tries)))
        .execution_options(populate_existing=True)
    ).all()
    changes: list[dict[str, Any]] = []
    for notice, device, is_signed_in in found:
        number = tries[notice.id, device.id]
        rule = composing.rule_of(notice)
        change = None if is_signed_in else _dropped("signed_out")
        change = change or _hindrance(rule, notice, device, number, now)
        if change is None and rule is not None:
            claimed = _opened(session, rule, notice, device, number)
            if claimed is not None:
                batch.claimed.append(claimed)
                continue
            change = _dropped("unreadable")
        changes.append(_keyed(notice.id, device.id, number) | (change or {}))
    _apply(session, changes)


def _hindrance(
    rule: Rule | None, notice: Notice, device: PushDevice, tries: int, now: datetime
) -> dict[str, Any] | None:
    """Why this phone is not to ring for this notice, or not now."""
    if device.dropped_at is not None:
        return _dropped("device_dropped")
    # The phone was registered by somebody else after the notice was made.
    if device.account_id != notice.recipient_account_id:
        return _dropped("device_moved")
    if tries > TRIES:
        # Whoever had it last never said what became of it.
        return {"to": "failed", "at": now, "because": "no_answer", "count": TRIES}
    if rule is None:
        # Made by a newer version of us, which will carry it.
        later = now + timedelta(seconds=wait(tries, Result("again")))
        return {"to": "pending", "at": later, "because": "rule_unknown", "count": tries}
    may_ring = rule.may_ring(now)
    if may_ring > now:
        return {"to": "pending", "at": may_ring, "because": None, "count": tries - 1}
    return None


def _opened(
    session: Session, rule: Rule, notice: Notice, device: PushDevice, tries: int
) -> Claimed | None:
    try:
        token = crypto.unseal(session.core.keys, token_field(device.id), device.token_sealed)
    except crypto.Unreadable:
        return None
    shown = rule.lock_screen["en" if device.language == "en" else "zh"]
    return Claimed(device.id, Knock(notice.id, token, shown.title, shown.body), tries)


def settle(session: Session, batch: Batch, results: Sequence[Result]) -> None:
    """Record what became of a batch: sent, again later, given up, phones gone."""
    now = clock.now()
    changes = []
    gone: dict[uuid.UUID, str] = {}
    for each, result in zip(batch.claimed, results, strict=True):
        changes.append(
            _keyed(each.knock.notice_id, each.device_id, each.tries) | _outcome(each, result, now)
        )
        if result.outcome == "gone":
            gone[each.device_id] = result.error
    _apply(session, changes)
    _drop_phones(session, gone, now)
    rung = [
        each.device_id
        for each, result in zip(batch.claimed, results, strict=True)
        if result.outcome == "sent"
    ]
    if rung:
        session.execute(
            update(PushDevice).where(PushDevice.id.in_(rung)).values(last_ok_at=now),
            execution_options={"synchronize_session": False},
        )


def _outcome(each: Claimed, result: Result, now: datetime) -> dict[str, Any]:
    if result.outcome == "sent":
        return {"to": "sent", "at": now, "because": None, "count": each.tries}
    if result.outcome == "gone":
        return _dropped(result.error) | {"count": each.tries}
    if result.outcome == "refused" or each.tries >= TRIES:
        return {"to": "failed", "at": now, "because": result.error, "count": each.tries}
    again = now + timedelta(seconds=wait(each.tries, result))
    return {"to": "pending", "at": again, "because": result.error, "count": each.tries}


def wait(tries: int, result: Result) -> int:
    """Seconds until the next try: growing, no shorter than asked, and not all at the same second."""
    least = QUOTA_WAIT if result.error == "quota" else FIRST_WAIT
    seconds: int = max(least * 4 ** (tries - 1), result.retry_after)
    return seconds + secrets.randbelow(seconds // 5 + 1)


def _dropped(because: str) -> dict[str, Any]:
    return {"to": "dropped", "at": clock.now(), "because": because, "count": 0}


def _keyed(notice_id: uuid.UUID, device_id: uuid.UUID, tries: int) -> dict[str, Any]:
    return {"notice": notice_id, "device": device_id, "claim": tries}


_CHANGE = (
    update(Delivery)
    .where(
        Delivery.notice_id == bindparam("notice"),
        Delivery.device_id == bindparam("device"),
        # Read or muted meanwhile, or taken over by another worker: theirs counts.
        Delivery.state == "pending",
        Delivery.tries == bindparam("claim"),
    )
    .values(
        state=bindparam("to"),
        next_try_at=bindparam("at"),
        last_error=bindparam("because"),
        tries=bindparam("count"),
    )
)


def _apply(session: Session, changes: list[dict[str, Any]]) -> None:
    if changes:
        session.connection().execute(_CHANGE, changes)


def _drop_phones(session: Session, gone: dict[uuid.UUID, str], now: datetime) -> None:
    """Phones that are no longer there are not tried again, for nothing."""
    for because in set(gone.values()):
        phones = [device_id for device_id, why in gone.items() if why == because]
        session.execute(
            update(PushDevice)
            .where(PushDevice.id.in_(phones), PushDevice.dropped_at.is_(None))
            .values(dropped_at=now, dropped_because=because),
            execution_options={"synchronize_session": False},
        )
        session.execute(
            update(Delivery)
            .where(Delivery.device_id.in_(phones), Delivery.state == "pending")
            .values(state="dropped", last_error="device_dropped"),
            execution_options={"synchronize_session": False},
        )
