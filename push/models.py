"""Notices, the devices that are knocked on, each knock, preferences, facts, and what was evaluated."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

#: What a notice can be about.
CATEGORIES = ("payment", "expiry", "period", "case", "security", "health_code", "suggestion")
_CATEGORY = (
    "category IN ('payment', 'expiry', 'period', 'case', 'security', 'health_code', 'suggestion')"
)


class Notice(Base):
    """One thing one account is told. Words are composed from the rule when it is read."""

    __tablename__ = "notices"
    __table_args__ = (
        # Whatever is evaluated again, and however often at once: one notice.
        UniqueConstraint("rule", "subject_key", "period", "recipient_account_id"),
        CheckConstraint(_CATEGORY, name="category"),
        Index("ix_notices_inbox", "recipient_account_id", "created_at", "id"),
        Index(
            "ix_notices_unread", "recipient_account_id", postgresql_where=text("read_at IS NULL")
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    rule: Mapped[str]
    rule_version: Mapped[int] = mapped_column(SmallInteger)
    #: Which of the rule's texts.
    wording: Mapped[str]
    recipient_account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    #: Whom it is about, where we know the person.
    subject_person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("persons.id"))
    #: The subject as text, for uniqueness: a person's id, or another thing's with its kind.
    subject_key: Mapped[str]
    #: For which time or occasion: an insurance year, a day of expiry with its window, a payment.
    period: Mapped[str]
    category: Mapped[str]
    matter_code: Mapped[str | None]
    #: Last legal day (Asia/Shanghai) to act, where there is one.
    due_on: Mapped[date | None]
    #: What the words need besides: ids, amounts (fen), days, codes. No name, phone or document.
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class PushDevice(Base):
    """An app on a phone, or a WeChat user, that an account wants to be knocked on."""

    __tablename__ = "push_devices"
    __table_args__ = (
        # One phone is registered once, for whoever signed in last.
        UniqueConstraint("channel", "token_digest"),
        CheckConstraint("channel IN ('fcm', 'wechat')", name="channel"),
        CheckConstraint("(dropped_at IS NULL) = (dropped_because IS NULL)", name="dropped"),
        Index(
            "ix_push_devices_living",
            "account_id",
            postgresql_where=text("dropped_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    channel: Mapped[str]
    #: FCM's registration token, or WeChat's openid.
    token_sealed: Mapped[bytes]
    token_digest: Mapped[bytes]
    #: WeChat's templates the person agreed to.
    template_ids: Mapped[list[str]] = mapped_column(ARRAY(String))
    #: The client's own name for the device it was registered from, as the sign-in gave it; null for
    #: phones registered before this was kept.
    client_device_id: Mapped[str | None]
    #: zh or en: the language the app spoke when it registered.
    language: Mapped[str]
    created_at: Mapped[datetime]
    registered_at: Mapped[datetime]
    last_ok_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]
    #: removed, too_many, unreadable, or the provider's word: unregistered, sender_mismatch, bad_token.
    dropped_because: Mapped[str | None]


class Delivery(Base):
    """One notice knocking on one device. Pending until it is sent, failed or dropped."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'sent', 'failed', 'dropped')", name="state"),
        CheckConstraint("tries >= 0", name="tries"),
        Index(
            "ix_deliveries_due",
            text("urgent DESC"),
            "next_try_at",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_deliveries_device", "device_id", postgresql_where=text("state = 'pending'")),
    )

    notice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("notices.id"), primary_key=True)
    device_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("push_devices.id"), primary_key=True)
    state: Mapped[str]
    #: Goes before the others: its rule has no quiet hours.
    urgent: Mapped[bool]
    tries: Mapped[int] = mapped_column(SmallInteger)
    #: While a worker has it: when another may take it over.
    next_try_at: Mapped[datetime]
    #: Stable word for what went wrong last, or for why it was dropped.
    last_error: Mapped[str | None]


class NoticePreference(Base):
    """Whether an account wants to hear of a category. No row: it does."""

    __tablename__ = "notice_preferences"
    __table_args__ = (CheckConstraint(_CATEGORY, name="category"),)

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    muted: Mapped[bool]


class RuleEvaluation(Base):
    """A daily rule was evaluated for a legal day. Its absence is what makes it due."""

    __tablename__ = "rule_evaluations"

    rule: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    rule_version: Mapped[int] = mapped_column(SmallInteger)
    #: How many new notices came of it.
    notices: Mapped[int]
    evaluated_at: Mapped[datetime]


class RuleProgress(Base):
    """How far a daily rule has come with the people of a legal day. Gone when it is done."""

    __tablename__ = "rule_progress"

    rule: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    #: The last person it came to, in the order of ids.
    reached: Mapped[uuid.UUID]
    #: How many new notices came of it so far.
    notices: Mapped[int]


class PersonFact(Base):
    """A day that matters in somebody's life, as a named source stated it."""

    __tablename__ = "person_facts"
    __table_args__ = (Index("ix_person_facts_value", "fact", "value"),)

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    #: One of `facts.KNOWN`.
    fact: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[date]
    #: Who stated it.
    source: Mapped[str]
    #: The day on which it was so.
    as_of: Mapped[date]
    recorded_at: Mapped[datetime]


class PushText(Base):
    """A text message to somebody without an account. Rule and occasion make it unique."""

    __tablename__ = "push_texts"
    __table_args__ = (
        UniqueConstraint("rule", "line_id"),
        CheckConstraint("tries >= 0", name="tries"),
        Index("ix_push_texts_unsent", "created_at", postgresql_where=text("sent_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    rule: Mapped[str]
    line_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order_lines.id"))
    created_at: Mapped[datetime]
    #: How often a worker has claimed it; no text is sent more often.
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    #: While a worker has it: when another may claim it.
    next_try_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
