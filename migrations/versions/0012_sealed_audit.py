"""Audit: who acted for whom and why; the chain that seals the rows, its heads, what was destroyed.

Revision ID: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

MOMENT = sa.DateTime(timezone=True)
APPEND_ONLY = ("audit_rows", "audit_seals", "audit_heads", "destruction_records")
NEW = ("unit_id", "on_behalf_of", "organisation_id")

#: The roles may not; this stops whoever forgot which role they are.
KEEP = """
CREATE FUNCTION huiban_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""

#: Destroys a whole day, records it, and is the only way for huiban_retention to remove audit rows.
DESTROY_DAY = """
CREATE FUNCTION huiban_destroy_day(parent text, gone date, rule text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  part text := format('%s_%s', parent, to_char(gone, 'YYYYMMDD'));
  shortest int := CASE parent WHEN 'audit_rows' THEN 180 WHEN 'scans' THEN 14 END;
  many bigint;
  one bigint;
  other bigint;
  waiting boolean := false;
BEGIN
  IF shortest IS NULL THEN
    RAISE EXCEPTION 'days of % are not destroyed', parent;
  END IF;
  IF (now() AT TIME ZONE 'UTC')::date - gone <= shortest THEN
    RAISE EXCEPTION '% must be kept for % days', parent, shortest;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = parent::regclass
                 AND inhrelid = to_regclass(part)) THEN
    RETURN NULL;
  END IF;
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', part);
  EXECUTE format('SELECT count(*), bit_xor(hashtextextended(id::text, 1)),'
                 ' bit_xor(hashtextextended(id::text, 2)) FROM %I', part) INTO many, one, other;
  IF parent = 'audit_rows' THEN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I r WHERE NOT EXISTS'
                   ' (SELECT FROM audit_seals s WHERE s.row_id = r.id))', part) INTO waiting;
    IF waiting THEN
      RAISE EXCEPTION 'rows of % are not sealed yet', gone;
    END IF;
  END IF;
  INSERT INTO destruction_records (id, at, table_name, day, count, digest, rule)
  VALUES (gen_random_uuid(), now(), parent, gone, many,
          decode(lpad(to_hex(coalesce(one, 0)), 16, '0') || lpad(to_hex(coalesce(other, 0)), 16, '0'),
                 'hex'), rule);
  EXECUTE format('DROP TABLE %I', part);
  RETURN many;
END $$
"""


def upgrade() -> None:
    """Widen the rows, make the chain."""
    for column in NEW:
        op.add_column("audit_rows", sa.Column(column, sa.Uuid()))
    op.add_column("audit_rows", sa.Column("reason", sa.String()))
    op.add_column(
        "audit_rows", sa.Column("result", sa.String(), nullable=False, server_default="done")
    )
    op.create_check_constraint("result", "audit_rows", "result IN ('done', 'refused')")
    # Rows that are there already are older than every transaction to come.
    op.add_column(
        "audit_rows", sa.Column("tx", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.execute(
        "ALTER TABLE audit_rows ALTER COLUMN tx SET DEFAULT (pg_current_xact_id()::text)::bigint"
    )
    op.create_index("ix_audit_rows_tx", "audit_rows", ["tx"])
    _tables()
    op.execute(KEEP)
    for table in APPEND_ONLY:
        op.execute(f"REVOKE UPDATE, DELETE ON {table} FROM huiban_app")
        op.execute(
            f"CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION huiban_keep()"
        )
    op.execute("REVOKE INSERT ON destruction_records FROM huiban_app")
    op.execute("GRANT SELECT, INSERT ON destruction_records, audit_rows TO huiban_retention")
    op.execute("GRANT SELECT ON audit_seals TO huiban_retention")
    op.execute(DESTROY_DAY)
    op.execute("REVOKE ALL ON FUNCTION huiban_destroy_day FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION huiban_destroy_day TO huiban_retention")


def downgrade() -> None:
    """Back to bare rows."""
    op.execute("DROP FUNCTION huiban_destroy_day")
    op.execute("REVOKE ALL ON audit_rows FROM huiban_retention")
    op.execute("DROP TRIGGER audit_rows_keep ON audit_rows")
    for table in ("destruction_records", "audit_heads", "audit_seals"):
        op.drop_table(table)
    op.execute("DROP FUNCTION huiban_keep")
    op.drop_index("ix_audit_rows_tx", "audit_rows")
    for column in ("tx", "result", "reason", *NEW):
        op.drop_column("audit_rows", column)


def _tables() -> None:
    op.create_table(
        "audit_seals",
        sa.Column("seq", sa.BigInteger(), autoincrement=False),
        sa.Column("row_day", sa.Date(), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("row_digest", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.Column("tx", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_seals"),
        sa.UniqueConstraint("row_id", name="uq_audit_seals_row_id"),
    )
    op.create_table(
        "audit_heads",
        sa.Column("seq", sa.BigInteger(), autoincrement=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_heads"),
    )
    op.create_table(
        "destruction_records",
        sa.Column("id", sa.Uuid()),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("day", sa.Date()),
        sa.Column("before", MOMENT),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.CheckConstraint("count >= 0", name="count"),
        sa.PrimaryKeyConstraint("id", name="pk_destruction_records"),
    )
    op.create_index("ix_destruction_records_day", "destruction_records", ["table_name", "day"])
