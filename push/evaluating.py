"""Rules meet facts: one statement makes the notices of everybody concerned, and their knocks.

A daily rule goes through all people in ranges, each a short transaction that also notes how far it
came: whoever comes after a crash goes on there. Evaluating again, or twice at once, makes nothing
twice: the notices' uniqueness decides.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Uuid,
    and_,
    case,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql import Subquery

from app.core import clock
from app.core.db import Session
from app.identity.models import Person
from push import rulebook
from push.devices import signed_in
from push.models import (
    Delivery,
    Notice,
    NoticePreference,
    PushDevice,
    RuleEvaluation,
    RuleProgress,
)
from push.rules import Rule
from push.sources import ON_EVENT
from push.windows import spans

EVALUATE_TASK = "push.evaluate_due"
#: Ranges a job evaluates before it goes on as a new one.
JOB = 100
#: People whose notices are made in one transaction. It holds a key of each one's account while it runs
#: (a tenth of a second), and a change of the account waits for it.
RANGE = 1_000
#: Channels that a provider carries a knock to. WeChat's devices are kept until theirs is there.
CHANNELS = ("fcm",)


@dataclass(frozen=True)
class Made:
    """How many notices are new, and how many phones are to ring for them."""

    notices: int = 0
    deliveries: int = 0

    def __add__(self, other: "Made") -> "Made":
        return Made(self.notices + other.notices, self.deliveries + other.deliveries)


@dataclass(frozen=True)
class Step:
    """What evaluating a rule for one range of people brought."""

    made: Made
    #: The last of those people; None when there is nothing left to do, or somebody else is at it.
    reached: uuid.UUID | None


def due_rules(session: Session, day: date) -> list[Rule]:
    """The daily rules in force on `day` that have not come to everybody yet."""
    done = set(session.scalars(select(RuleEvaluation.rule).where(RuleEvaluation.day == day)))
    return [rule for rule in rulebook.in_force(day) if rule.facts and rule.id not in done]


def go_on(session: Session, rule: Rule, day: date) -> Step:
    """Evaluate a daily rule of `day` for the next range of people, unless another worker does so."""
    nothing = Step(Made(), None)
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_lock_number(rule, day)))):
        return nothing
    if session.get(RuleEvaluation, (rule.id, day)) is not None:
        return nothing
    so_far = session.get(RuleProgress, (rule.id, day))
    step = evaluate(session, rule, day, so_far.reached if so_far else None)
    notices = step.made.notices + (so_far.notices if so_far else 0)
    if step.reached is None:
        _finish(session, rule, day, notices)
    elif so_far is None:
        row = RuleProgress(rule=rule.id, day=day, reached=step.reached, notices=notices)
        session.add(row)
    else:
        so_far.reached, so_far.notices = step.reached, notices
    return step


def _finish(session: Session, rule: Rule, day: date, notices: int) -> None:
    """The rule came to everybody; where it stopped on an earlier day is of no interest any more."""
    session.execute(
        delete(RuleProgress).where(RuleProgress.rule == rule.id, RuleProgress.day <= day)
    )
    session.add(
        RuleEvaluation(
            rule=rule.id,
            day=day,
            rule_version=rule.version,
            notices=notices,
            evaluated_at=clock.now(),
        )
    )


def evaluate(session: Session, rule: Rule, day: date, after: uuid.UUID | None = None) -> Step:
    """Evaluate a daily rule for `day` and the `RANGE` people who follow `after`, the first when None.

    Whatever was done before: who was told is not told again.
    """
    (source,) = rule.sources
    following = select(Person.id).order_by(Person.id).offset(RANGE - 1).limit(1)
    if after is not None:
        following = following.where(Person.id > after)
    # None: fewer are left, and the range has no end.
    last = session.scalar(following)
    found = source.select(day, rule.parameters).subquery("facts")
    within = [found.c.subject > after] if after is not None else []
    within += [found.c.subject <= last] if last is not None else []
    return Step(_tell(session, rule, found, day, *within), last)


def follow(session: Session, event: str, payload: Mapping[str, str]) -> Made:
    """Tell whoever the rules that follow `event` find concerned by it."""
    day = clock.legal_today()
    made = Made()
    for rule in rulebook.in_force(day):
        if event in rule.events:
            found = ON_EVENT[event].select(day, payload).subquery("facts")
            made += _tell(session, rule, found, day)
    return made


def _tell(
    session: Session, rule: Rule, facts: Subquery, day: date, *within: ColumnElement[bool]
) -> Made:
    now = clock.now()
    made = (
        insert(Notice)
        .from_select(list(_NOTICE_COLUMNS), _notices(rule, facts, day, now).where(*within))
        .on_conflict_do_nothing(
            index_elements=["rule", "subject_key", "period", "recipient_account_id"]
        )
        .returning(Notice.id, Notice.recipient_account_id)
        .cte("made")
    )
    knocks = (
        select(
            made.c.id,
            PushDevice.id,
            literal("pending"),
            literal(rule.quiet is None),
            literal(0),
            literal(rule.may_ring(now)),
        )
        .join(PushDevice, PushDevice.account_id == made.c.recipient_account_id)
        .where(PushDevice.dropped_at.is_(None), signed_in(), PushDevice.channel.in_(CHANNELS))
    )
    columns = ["notice_id", "device_id", "state", "urgent", "tries", "next_try_at"]
    queued = (
        insert(Delivery).from_select(columns, knocks).returning(Delivery.device_id).cte("queued")
    )
    counted = select(
        select(func.count()).select_from(made).scalar_subquery(),
        select(func.count()).select_from(queued).scalar_subquery(),
    )
    notices, deliveries = session.execute(counted).one()
    return Made(notices, deliveries)


_NOTICE_COLUMNS = (
    *("id", "rule", "rule_version", "wording", "recipient_account_id", "subject_person_id"),
    *("subject_key", "period", "category", "matter_code", "due_on", "params", "created_at"),
)


def _notices(rule: Rule, facts: Subquery, day: date, now: datetime) -> Any:
    window = _window(rule, facts, day)
    period: Any = facts.c.period
    if rule.once_per == "window":
        period = func.concat(period, "/", window)
    matters = {wording: text.matter_code for wording, text in rule.texts.items()}
    rows = select(
        _new_id(now),
        literal(rule.id),
        literal(rule.version),
        facts.c.wording,
        facts.c.recipient,
        facts.c.subject,
        facts.c.subject_key,
        period,
        literal(rule.category),
        case(matters, value=facts.c.wording),
        facts.c.due,
        facts.c.params,
        literal(now),
    ).where(or_(facts.c.due.is_(None), facts.c.due >= day))
    if window is not None:
        rows = rows.where(window.is_not(None))
    if rule.opt_out:
        rows = rows.where(~_is_muted(rule, facts))
    return rows


def _window(rule: Rule, facts: Subquery, day: date) -> Any:
    """The name of the window a fact is in, or null; None for a rule without windows."""
    if not rule.windows:
        return None
    anchor = facts.c[rule.windows[0].of]
    return case(
        *(
            (and_(anchor >= span.first, anchor <= span.last), span.name)
            for span in spans(rule.windows, day)
        )
    )


def _is_muted(rule: Rule, facts: Subquery) -> Any:
    return (
        select(NoticePreference.account_id)
        .where(
            NoticePreference.account_id == facts.c.recipient,
            NoticePreference.category == rule.category,
            NoticePreference.muted,
        )
        .exists()
    )


def _new_id(now: datetime) -> Any:
    """A UUIDv7 for each row, made by PostgreSQL: the moment's milliseconds over random bits."""
    milliseconds = literal(int(now.timestamp() * 1_000), BigInteger)
    made = func.set_bit(
        func.set_bit(
            func.overlay(
                func.uuid_send(func.gen_random_uuid()),
                func.substring(func.int8send(milliseconds), 3),
                1,
                6,
            ),
            52,
            1,
        ),
        53,
        1,
    )
    return func.encode(made, literal_column("'hex'")).cast(Uuid)


def _lock_number(rule: Rule, day: date) -> int:
    digest = hashlib.sha256(f"push|{rule.id}|{day}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
