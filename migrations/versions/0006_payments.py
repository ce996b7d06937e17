"""Payments: bills, orders, attempts, provider events, ledger, bookings, receipts.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

#: Facts that are never changed or removed by the application.
APPEND_ONLY = ("provider_events", "ledger_postings", "ledger_entries", "receipts")

#: What changes its state but never goes.
KEPT = ("bills", "orders", "order_lines", "payment_attempts", "bookings")

#: At commit every posting has at least two entries and they sum to zero.
BALANCED = """
CREATE FUNCTION huiban_posting_balanced() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  posting uuid := CASE TG_TABLE_NAME WHEN 'ledger_postings' THEN to_jsonb(NEW)->>'id'
                  ELSE to_jsonb(NEW)->>'posting_id' END;
BEGIN
  IF (SELECT count(*) < 2 OR sum(amount) <> 0 FROM ledger_entries WHERE posting_id = posting) THEN
    RAISE EXCEPTION 'posting % does not balance', posting USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Make the tables, their rights and the rule that debits equal credits."""
    _bills()
    _bill_grants()
    _orders()
    _ledger_postings()
    _order_lines()
    _payment_attempts()
    _bookings()
    _ledger_entries()
    _provider_events()
    _receipts()
    op.execute(BALANCED)
    for table in ("ledger_postings", "ledger_entries"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_balanced AFTER INSERT OR UPDATE ON {table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION huiban_posting_balanced()"
        )
    for table in APPEND_ONLY:
        op.execute(f"REVOKE UPDATE, DELETE ON {table} FROM huiban_app")
    for table in KEPT:
        op.execute(f"REVOKE DELETE ON {table} FROM huiban_app")


def downgrade() -> None:
    """Drop them, in the order of their references."""
    for table in (
        "receipts",
        "provider_events",
        "ledger_entries",
        "bookings",
        "payment_attempts",
        "order_lines",
        "ledger_postings",
        "orders",
        "bill_grants",
        "bills",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION huiban_posting_balanced()")


def _bills() -> None:
    op.create_table(
        "bills",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("department_number", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("beneficiary_index", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("document_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("payable_from", sa.Date(), nullable=False),
        sa.Column("payable_until", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('payable', 'paid', 'expired')", name=op.f("ck_bills_status")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_bills_amount")),
        sa.CheckConstraint("payable_from <= payable_until", name=op.f("ck_bills_payable_period")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_bills_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bills")),
        sa.UniqueConstraint(
            "department", "department_number", name=op.f("uq_bills_department_department_number")
        ),
        sa.UniqueConstraint(
            "scheme",
            "period",
            "beneficiary_index",
            name=op.f("uq_bills_scheme_period_beneficiary_index"),
        ),
    )
    op.create_index("ix_bills_beneficiary_index", "bills", ["beneficiary_index"], unique=False)
    op.create_index("ix_bills_person_id", "bills", ["person_id"], unique=False)


def _bill_grants() -> None:
    op.create_table(
        "bill_grants",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("bill_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_bill_grants_account_id")
        ),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_bill_grants_bill_id")),
        sa.PrimaryKeyConstraint("account_id", "bill_id", name=op.f("pk_bill_grants")),
    )
    op.create_index(op.f("ix_bill_grants_until"), "bill_grants", ["until"], unique=False)


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("payer_account_id", sa.Uuid(), nullable=False),
        sa.Column("payer_person_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("held_because", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'held') = (held_because IS NOT NULL)", name=op.f("ck_orders_held_because")
        ),
        sa.CheckConstraint(
            "status IN ('awaiting_payment', 'paid', 'settled', 'closed', 'held')",
            name=op.f("ck_orders_status"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_orders_amount")),
        sa.ForeignKeyConstraint(
            ["payer_account_id"], ["accounts.id"], name=op.f("fk_orders_payer_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["payer_person_id"], ["persons.id"], name=op.f("fk_orders_payer_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_number")),
    )
    op.create_index(
        "ix_orders_due",
        "orders",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'awaiting_payment'"),
    )
    op.create_index("ix_orders_payer", "orders", ["payer_account_id", "created_at"], unique=False)


def _ledger_postings() -> None:
    op.create_table(
        "ledger_postings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reference", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('payment', 'settlement')", name=op.f("ck_ledger_postings_kind")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_ledger_postings_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_postings")),
        sa.UniqueConstraint("kind", "reference", name=op.f("uq_ledger_postings_kind_reference")),
    )
    op.create_index("ix_ledger_postings_order_id", "ledger_postings", ["order_id"], unique=False)
    op.create_index("ix_ledger_postings_posted_at", "ledger_postings", ["posted_at"])


def _order_lines() -> None:
    op.create_table(
        "order_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("bill_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'paid', 'settled', 'closed')", name=op.f("ck_order_lines_status")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_order_lines_amount")),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_order_lines_bill_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
        sa.UniqueConstraint("order_id", "bill_id", name=op.f("uq_order_lines_order_id_bill_id")),
    )
    op.create_index(
        "uq_order_lines_bill_taken",
        "order_lines",
        ["bill_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'closed'"),
    )


def _payment_attempts() -> None:
    op.create_table(
        "payment_attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("merchant_ref", sa.String(), nullable=False),
        sa.Column("out_trade_no", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("client_params_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("transaction_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_query_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queries", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('preparing', 'open', 'paid', 'closed', 'failed')",
            name=op.f("ck_payment_attempts_status"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_attempts_amount")),
        sa.CheckConstraint("queries >= 0", name=op.f("ck_payment_attempts_queries")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_payment_attempts_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_attempts")),
        sa.UniqueConstraint("out_trade_no", name=op.f("uq_payment_attempts_out_trade_no")),
        sa.UniqueConstraint(
            "provider",
            "merchant_ref",
            "transaction_id",
            name=op.f("uq_payment_attempts_provider_merchant_ref_transaction_id"),
        ),
    )
    op.create_index(
        "ix_payment_attempts_next_query_at",
        "payment_attempts",
        ["next_query_at"],
        unique=False,
        postgresql_where=sa.text("next_query_at IS NOT NULL"),
    )
    op.create_index("ix_payment_attempts_order_id", "payment_attempts", ["order_id"], unique=False)
    op.create_index(
        "uq_payment_attempts_living",
        "payment_attempts",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('preparing', 'open')"),
    )


def _bookings() -> None:
    op.create_table(
        "bookings",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("refused_because", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'booked') = (reference IS NOT NULL)", name=op.f("ck_bookings_booked")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'booked', 'refused')", name=op.f("ck_bookings_status")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["order_lines.id"], name=op.f("fk_bookings_line_id")),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_bookings")),
    )
    op.create_index(
        "ix_bookings_pending",
        "bookings",
        ["created_at"],
        postgresql_where=sa.text("status = 'pending'"),
    )


def _ledger_entries() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("posting_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_entries_amount")),
        sa.ForeignKeyConstraint(
            ["posting_id"], ["ledger_postings.id"], name=op.f("fk_ledger_entries_posting_id")
        ),
        sa.PrimaryKeyConstraint("posting_id", "account", name=op.f("pk_ledger_entries")),
    )


def _provider_events() -> None:
    op.create_table(
        "provider_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("merchant_ref", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["payment_attempts.id"], name=op.f("fk_provider_events_attempt_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
        sa.UniqueConstraint(
            "provider",
            "merchant_ref",
            "event_id",
            name=op.f("uq_provider_events_provider_merchant_ref_event_id"),
        ),
    )
    op.create_index(
        "ix_provider_events_attempt_id", "provider_events", ["attempt_id"], unique=False
    )


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "audience IN ('payer', 'beneficiary')", name=op.f("ck_receipts_audience")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_receipts_amount")),
        sa.ForeignKeyConstraint(["line_id"], ["order_lines.id"], name=op.f("fk_receipts_line_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_receipts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("line_id", "audience", name=op.f("uq_receipts_line_id_audience")),
        sa.UniqueConstraint("number", name=op.f("uq_receipts_number")),
    )
    op.create_index("ix_receipts_person", "receipts", ["person_id", "id"])
    op.create_index("ix_receipts_issued_at", "receipts", ["issued_at"])
