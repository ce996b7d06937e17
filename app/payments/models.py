"""Bills, orders with lines, attempts, provider events, bookings, receipts. Money is in fen."""

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Bill(Base):
    """What a department asks of one person for one period. Anybody entitled may pay it, once."""

    __tablename__ = "bills"
    __table_args__ = (
        UniqueConstraint("department", "department_number"),
        UniqueConstraint("scheme", "period", "beneficiary_index"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("payable_from <= payable_until", name="payable_period"),
        CheckConstraint("status IN ('payable', 'paid', 'expired')", name="status"),
        Index("ix_bills_beneficiary_index", "beneficiary_index"),
        Index("ix_bills_person_id", "person_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: Our short name of the department: `medical_insurance`.
    department: Mapped[str]
    #: The department's own number of the bill.
    department_number: Mapped[str]
    #: `resident_medical` (城乡居民基本医疗保险), later others.
    scheme: Mapped[str]
    #: The insurance year, as text.
    period: Mapped[str]
    #: Blind index of the insured person's document, as `persons.document_index`.
    beneficiary_index: Mapped[bytes]
    #: The insured person, where we know them; a person without account may be unknown to us.
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("persons.id"))
    name_sealed: Mapped[bytes]
    document_sealed: Mapped[bytes]
    #: Where the department reaches the insured person (E.164), if it knows.
    phone_sealed: Mapped[bytes | None]
    #: Fen.
    amount: Mapped[int] = mapped_column(BigInteger)
    #: First and last legal day (Asia/Shanghai) on which it can be paid.
    payable_from: Mapped[date]
    payable_until: Mapped[date]
    status: Mapped[str]
    fetched_at: Mapped[datetime]


class BillGrant(Base):
    """A pay-only look-up by exact name and number lets this account pay this bill for a while."""

    __tablename__ = "bill_grants"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    bill_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bills.id"), primary_key=True)
    until: Mapped[datetime] = mapped_column(index=True)


class LookupNotice(Base):
    """The insured person is told of look-ups, once a legal day; this row is both limit and proof."""

    __tablename__ = "lookup_notices"
    __table_args__ = (
        UniqueConstraint("beneficiary_index", "day"),
        Index(
            "ix_lookup_notices_next_try_at",
            "next_try_at",
            postgresql_where=text("next_try_at IS NOT NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    beneficiary_index: Mapped[bytes]
    #: Legal day (Asia/Shanghai).
    day: Mapped[date] = mapped_column(index=True)
    bill_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bills.id"))
    payer_person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("persons.id"))
    #: When to (try to) send it; null once it was handed over or has nobody to go to.
    next_try_at: Mapped[datetime | None]


class Order(Base):
    """One payer pays one or more bills together. States in `states.ORDER`."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint(
            "status IN ('awaiting_payment', 'paid', 'settled', 'closed', 'held')", name="status"
        ),
        CheckConstraint("(status = 'held') = (held_because IS NOT NULL)", name="held_because"),
        Index("ix_orders_payer", "payer_account_id", "created_at"),
        Index(
            "ix_orders_held",
            "created_at",
            postgresql_where=text("status = 'held'"),
        ),
        Index(
            "ix_orders_due",
            "expires_at",
            postgresql_where=text("status = 'awaiting_payment'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: What people read out on the phone.
    number: Mapped[str] = mapped_column(unique=True)
    payer_account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    payer_person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("persons.id"))
    #: Sum of the lines, fen.
    amount: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str]
    #: Stable code of what does not fit.
    held_because: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]


class OrderLine(Base):
    """One bill within an order. States in `states.LINE`."""

    __tablename__ = "order_lines"
    __table_args__ = (
        UniqueConstraint("order_id", "bill_id"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("status IN ('open', 'paid', 'settled', 'closed')", name="status"),
        CheckConstraint("basis IN ('own', 'mandate', 'lookup')", name="basis"),
        # A bill stands in at most one living order: the database refuses the second payer.
        Index(
            "uq_order_lines_bill_taken",
            "bill_id",
            unique=True,
            postgresql_where=text("status <> 'closed'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("orders.id"))
    bill_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bills.id"))
    #: Fen, as the bill said when the order was made.
    amount: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str]
    #: By what right the payer ordered it: own bill, a mandate to pay, or a pay-only look-up.
    basis: Mapped[str] = mapped_column(server_default="lookup")


class PaymentAttempt(Base):
    """One go at one provider. States in `states.ATTEMPT`."""

    __tablename__ = "payment_attempts"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint(
            "status IN ('preparing', 'open', 'paid', 'closed', 'failed')", name="status"
        ),
        CheckConstraint("queries >= 0", name="queries"),
        UniqueConstraint("provider", "merchant_ref", "transaction_id"),
        Index(
            "uq_payment_attempts_living",
            "order_id",
            unique=True,
            postgresql_where=text("status IN ('preparing', 'open')"),
        ),
        Index("ix_payment_attempts_order_id", "order_id"),
        Index(
            "ix_payment_attempts_next_query_at",
            "next_query_at",
            postgresql_where=text("next_query_at IS NOT NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("orders.id"))
    #: `wechatpay`, later others.
    provider: Mapped[str]
    #: miniprogram, app, h5 or native.
    channel: Mapped[str]
    #: Which of our merchant accounts; part of the callback's address.
    merchant_ref: Mapped[str]
    #: Our number at the provider.
    out_trade_no: Mapped[str] = mapped_column(unique=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str]
    #: What the client hands to the provider's SDK (JSON, sealed: it lets somebody pay).
    client_params_sealed: Mapped[bytes | None]
    #: The provider's number, once it says the money has come.
    transaction_id: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    #: When to ask the provider ourselves because no callback came; null when there is no need.
    next_query_at: Mapped[datetime | None]
    #: How often we have asked.
    queries: Mapped[int]


class ProviderEvent(Base):
    """A verified message of a provider, stored once. The application can only insert and select."""

    __tablename__ = "provider_events"
    __table_args__ = (
        UniqueConstraint("provider", "merchant_ref", "event_id"),
        Index("ix_provider_events_attempt_id", "attempt_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    provider: Mapped[str]
    merchant_ref: Mapped[str]
    #: The provider's id of the message; for an answer to our own query `query:<transaction id>`, or
    #: `query:<out_trade_no>:<state>` where no payment is confirmed.
    event_id: Mapped[str]
    #: The provider's name of what happened.
    kind: Mapped[str]
    attempt_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("payment_attempts.id"))
    #: applied, repeated, mismatch, late or ignored.
    outcome: Mapped[str]
    #: For `mismatch`: which fact did not fit.
    because: Mapped[str | None]
    #: The decrypted message, sealed.
    body_sealed: Mapped[bytes]
    received_at: Mapped[datetime]


class Booking(Base):
    """Telling the department that a line is paid, until it acknowledges. States `states.BOOKING`."""

    __tablename__ = "bookings"
    __table_args__ = (
        Index("ix_bookings_pending", "created_at", postgresql_where=text("status = 'pending'")),
        CheckConstraint("status IN ('pending', 'booked', 'refused')", name="status"),
        CheckConstraint("(status = 'booked') = (reference IS NOT NULL)", name="booked"),
    )

    line_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order_lines.id"), primary_key=True)
    status: Mapped[str]
    #: The department's acknowledgement number.
    reference: Mapped[str | None]
    #: Stable code of the department's refusal.
    refused_because: Mapped[str | None]
    created_at: Mapped[datetime]
    booked_at: Mapped[datetime | None]


class Receipt(Base):
    """One proof of payment (缴费凭证) for each of payer and beneficiary of a settled line."""

    __tablename__ = "receipts"
    __table_args__ = (
        Index("ix_receipts_person", "person_id", "id"),
        UniqueConstraint("line_id", "audience"),
        CheckConstraint("audience IN ('payer', 'beneficiary')", name="audience"),
        CheckConstraint("amount > 0", name="amount"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    line_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("order_lines.id"))
    audience: Mapped[str]
    #: Who may see it, where we know the person.
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("persons.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    issued_at: Mapped[datetime] = mapped_column(index=True)
