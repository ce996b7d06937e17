"""Payments: by what right a line was ordered, who was told of a look-up, postings written once.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

#: The entries of a posting come together, in one statement, and sum to zero.
WHOLE = """
CREATE FUNCTION huiban_entries_whole() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  wrong uuid;
BEGIN
  SELECT posting_id INTO wrong FROM added GROUP BY posting_id
  HAVING count(*) < 2 OR sum(amount) <> 0 OR count(*) <>
    (SELECT count(*) FROM ledger_entries e WHERE e.posting_id = added.posting_id)
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'posting % does not balance', wrong USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Add the column, the table, the indexes and the trigger."""
    op.add_column(
        "order_lines", sa.Column("basis", sa.String(), nullable=False, server_default="lookup")
    )
    op.create_check_constraint("basis", "order_lines", "basis IN ('own', 'mandate', 'lookup')")
    op.create_index(
        "ix_orders_held", "orders", ["created_at"], postgresql_where=sa.text("status = 'held'")
    )
    op.create_index(
        "ix_ledger_entries_owed_to_payers",
        "ledger_entries",
        ["posting_id"],
        postgresql_where=sa.text("account = 'owed:payer'"),
    )
    _lookup_notices()
    op.execute("DROP TRIGGER ledger_entries_balanced ON ledger_entries")
    op.execute(
        "CREATE CONSTRAINT TRIGGER ledger_entries_balanced AFTER UPDATE ON ledger_entries"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION huiban_posting_balanced()"
    )
    op.execute(WHOLE)
    op.execute(
        "CREATE TRIGGER ledger_entries_whole AFTER INSERT ON ledger_entries"
        " REFERENCING NEW TABLE AS added FOR EACH STATEMENT"
        " EXECUTE FUNCTION huiban_entries_whole()"
    )


def downgrade() -> None:
    """Take them away again."""
    op.execute("DROP TRIGGER ledger_entries_whole ON ledger_entries")
    op.execute("DROP FUNCTION huiban_entries_whole()")
    op.execute("DROP TRIGGER ledger_entries_balanced ON ledger_entries")
    op.execute(
        "CREATE CONSTRAINT TRIGGER ledger_entries_balanced AFTER INSERT OR UPDATE"
        " ON ledger_entries"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION huiban_posting_balanced()"
    )
    op.drop_table("lookup_notices")
    op.drop_index("ix_ledger_entries_owed_to_payers", "ledger_entries")
    op.drop_index("ix_orders_held", "orders")
    op.drop_column("order_lines", "basis")


def _lookup_notices() -> None:
    op.create_table(
        "lookup_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("beneficiary_index", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("bill_id", sa.Uuid(), nullable=False),
        sa.Column("payer_person_id", sa.Uuid(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lookup_notices")),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name=op.f("fk_lookup_notices_bill_id")),
        sa.ForeignKeyConstraint(
            ["payer_person_id"], ["persons.id"], name=op.f("fk_lookup_notices_payer_person_id")
        ),
        sa.UniqueConstraint(
            "beneficiary_index", "day", name=op.f("uq_lookup_notices_beneficiary_index_day")
        ),
    )
    op.create_index("ix_lookup_notices_day", "lookup_notices", ["day"])
    op.create_index(
        "ix_lookup_notices_next_try_at",
        "lookup_notices",
        ["next_try_at"],
        postgresql_where=sa.text("next_try_at IS NOT NULL"),
    )
