"""The core: roles' rights, keys, freshness, events, quotas, idempotency, audit, jobs.

Revision ID: 0001
"""

import hashlib
from importlib import resources

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

#: procrastinate 3.10.0's own schema; an upgrade of the library needs a revision of its own.
PROCRASTINATE_SCHEMA = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"

#: Makes `<table>_YYYYMMDD` for today and the coming days of a table partitioned by `day`.
#: It runs with its owner's rights, so that the application can make partitions but nothing else.
ENSURE_DAYS = """
CREATE FUNCTION huiban_ensure_days(parent regclass, days_ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  one date;
  part text;
  made int := 0;
BEGIN
  IF parent::text NOT IN (SELECT huiban_day_tables()) THEN
    RAISE EXCEPTION '% is not partitioned by day', parent;
  END IF;
  IF days_ahead NOT BETWEEN 0 AND 60 THEN
    RAISE EXCEPTION 'at most 60 days ahead';
  END IF;
  FOR one IN SELECT (now() AT TIME ZONE 'UTC')::date + n FROM generate_series(0, days_ahead) n LOOP
    part := format('%s_%s', parent, to_char(one, 'YYYYMMDD'));
    IF to_regclass(part) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                     part, parent, one, one + 1);
      EXECUTE format('REVOKE ALL ON %I FROM huiban_app', part);
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$
"""

DAY_TABLES = """
CREATE FUNCTION huiban_day_tables() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT c.relname::text FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
  WHERE c.relnamespace = 'public'::regnamespace AND a.attname = 'day' ORDER BY 1
$$
"""


def upgrade() -> None:
    """Everything the domains stand on."""
    op.execute("GRANT USAGE ON SCHEMA public TO huiban_app, huiban_retention")
    op.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public"
        " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO huiban_app"
    )
    op.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO huiban_app"
    )
    op.execute("GRANT SELECT ON alembic_version TO huiban_app")
    _procrastinate()
    _tables()
    for table in ("idempotency_keys", "quota_used", "events", "freshness"):
        op.execute(f"GRANT SELECT, DELETE ON {table} TO huiban_retention")
    op.execute(DAY_TABLES)
    op.execute(ENSURE_DAYS)
    _audit()


def downgrade() -> None:
    """Back to an empty database."""
    for table in ("audit_rows", "idempotency_keys", "quota_used", "events", "freshness", "keys"):
        op.drop_table(table)
    op.execute("DROP FUNCTION huiban_ensure_days(regclass, int)")
    op.execute("DROP FUNCTION huiban_day_tables()")
    _drop_procrastinate()
    op.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public"
        " REVOKE ALL ON TABLES FROM huiban_app, huiban_retention"
    )
    op.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM huiban_app")
    op.execute("REVOKE USAGE ON SCHEMA public FROM huiban_app, huiban_retention")


def _procrastinate() -> None:
    sql = (resources.files("procrastinate") / "sql" / "schema.sql").read_text()
    found = hashlib.sha256(sql.encode()).hexdigest()
    if found != PROCRASTINATE_SCHEMA:
        raise RuntimeError(
            "procrastinate's schema differs from the pinned one; install the pinned requirements"
        )
    # A raw cursor, because the text holds % signs and several statements.
    op.get_bind().connection.driver_connection.execute(sql.encode())


def _drop_procrastinate() -> None:
    op.execute(
        "DROP TABLE procrastinate_events, procrastinate_periodic_defers,"
        " procrastinate_jobs, procrastinate_workers CASCADE"
    )
    op.execute("""
        DO $$ DECLARE f regprocedure; BEGIN
          FOR f IN SELECT p.oid::regprocedure FROM pg_proc p
                   WHERE p.proname LIKE 'procrastinate\\_%'
                   AND p.pronamespace = 'public'::regnamespace
          LOOP EXECUTE 'DROP FUNCTION ' || f || ' CASCADE'; END LOOP;
        END $$
    """)
    op.execute(
        "DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_event_type,"
        " procrastinate_job_status CASCADE"
    )


def _tables() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "keys",
        sa.Column("purpose", sa.String, primary_key=True),
        sa.Column("kid", sa.String, primary_key=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("public", sa.LargeBinary),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("state_since", moment, nullable=False),
        sa.CheckConstraint("state IN ('next', 'current', 'previous', 'killed')", name="state"),
        sa.PrimaryKeyConstraint("purpose", "kid", name="pk_keys"),
    )
    for state in ("current", "next"):
        op.create_index(
            f"uq_keys_{state}",
            "keys",
            ["purpose"],
            unique=True,
            postgresql_where=sa.text(f"state = '{state}'"),
        )
    op.create_table(
        "freshness",
        sa.Column("kind", sa.String),
        sa.Column("key", sa.String),
        sa.Column("at", moment, nullable=False, index=True),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_freshness"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("recorded_at", moment, nullable=False, index=True),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
    )
    op.create_table(
        "quota_used",
        sa.Column("bucket", sa.String),
        sa.Column("window_ends", moment, index=True),
        sa.Column("used", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("bucket", "window_ends", name="pk_quota_used"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.LargeBinary),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("body_hash", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("until", moment, nullable=False, index=True),
        sa.PrimaryKeyConstraint("scope", name="pk_idempotency_keys"),
    )


def _audit() -> None:
    op.create_table(
        "audit_rows",
        sa.Column("day", sa.Date),
        sa.Column("id", sa.Uuid),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String, nullable=False),
        sa.Column("actor_id", sa.Uuid),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("subject_id", sa.Uuid),
        sa.Column("object_id", sa.Uuid),
        sa.Column("trace_id", sa.String),
        sa.PrimaryKeyConstraint("day", "id", name="pk_audit_rows"),
        postgresql_partition_by="RANGE (day)",
    )
    op.create_index("ix_audit_rows_subject", "audit_rows", ["subject_id", "at"])
    op.create_index("ix_audit_rows_actor", "audit_rows", ["actor_id", "at"])
    op.execute("CREATE TABLE audit_rows_default PARTITION OF audit_rows DEFAULT")
    op.execute("REVOKE UPDATE, DELETE ON audit_rows FROM huiban_app")
    op.execute("REVOKE ALL ON audit_rows_default FROM huiban_app")
    op.execute("GRANT SELECT ON audit_rows_default TO huiban_app")
    op.execute("SELECT huiban_ensure_days('audit_rows', 14)")
