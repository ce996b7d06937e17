"""Rules meet facts: one statement makes the notices of everybody concerned, and their knocks.

Evaluating again, or twice at once, makes nothing twice: the notices' uniqueness decides.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Uuid,
    and_,
    case,
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
from push import rulebook
from push.models import Delivery, Notice, NoticePreference, PushDevice, RuleEvaluation
from push.rules import Rule
from push.sources import ON_EVENT, Facts
from push.windows import spans

#: Channels that a provider carries a knock to. WeChat's devices are kept until theirs is there.
CHANNELS = ("fcm",)


@dataclass(frozen=True)
class Made:
    """How many notices are new, and how many phones are to ring for them."""

    notices: int = 0
    deliveries: int = 0

    def __add__(self, other: "Made") -> "Made":
        return Made(self.notices + other.notices, self.deliveries + other.deliveries)


def due_rules(session: Session, day: date) -> list[Rule]:
    """The daily rules in force on `day` that were not evaluated for it yet."""
    done = set(session.scalars(select(RuleEvaluation.rule).where(RuleEvaluation.day == day)))
    return [rule for rule in rulebook.in_force(day) if rule.facts and rule.id not in done]


def evaluate_once(session: Session, rule: Rule, day: date) -> Made:
    """Evaluate a daily rule for `day` unless that is done, or another worker is doing it."""
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_lock_number(rule, day)))):
        return Made()
    if session.get(RuleEvaluation, (rule.id, day)) is not None:
        return Made()
    made = evaluate(session, rule, day)
    session.add(
        RuleEvaluation(
            rule=rule.id,
            day=day,
            rule_version=rule.version,
            notices=made.notices,
            evaluated_at=clock.now(),
        )
    )
    return made


def evaluate(session: Session, rule: Rule, day: date) -> Made:
    """Evaluate a daily rule for the legal day `day`, whatever was done before."""
    (source,) = rule.sources
    return _tell(session, rule, source.select(day, rule.parameters), day)


def follow(session: Session, event: str, payload: Mapping[str, str]) -> Made:
    """Tell whoever the rules that follow `event` find concerned by it."""
    day = clock.legal_today()
    made = Made()
    for rule in rulebook.in_force(day):
        if event in rule.events:
            made += _tell(session, rule, ON_EVENT[event].select(day, payload), day)
    return made


def _tell(session: Session, rule: Rule, found: Facts, day: date) -> Made:
    now = clock.now()
    facts = found.subquery("facts")
    made = (
        insert(Notice)
        .from_select(list(_NOTICE_COLUMNS), _notices(rule, facts, day, now))
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
        .where(PushDevice.dropped_at.is_(None), PushDevice.channel.in_(CHANNELS))
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
