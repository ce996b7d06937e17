"""The health code: declarations, evidence, statuses, venues, scans, published keys.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"

MOMENT = sa.DateTime(timezone=True)
TABLES = (
    "verifier_key_sets",
    "scans",
    "venue_staff",
    "venues",
    "health_statuses",
    "health_authority_answers",
    "health_evidence",
    "health_declarations",
)
#: What was declared, found and scanned cannot be rewritten by the application.
APPEND_ONLY = ("health_declarations", "health_evidence", "health_authority_answers", "scans")


def upgrade() -> None:
    """Make the tables, and take away the rights that nobody needs."""
    _facts()
    _statuses()
    _venues()
    _scans()
    op.create_table(
        "verifier_key_sets",
        sa.Column("id", sa.Uuid),
        sa.Column("signed", sa.String, nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False, index=True),
        sa.Column("next_update", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_verifier_key_sets"),
    )
    for table in APPEND_ONLY:
        op.execute(f"REVOKE UPDATE, DELETE ON {table} FROM huiban_app")
    # A colour is never edited: a status can only be replaced by the next one.
    op.execute("REVOKE UPDATE, DELETE ON health_statuses FROM huiban_app")
    op.execute("GRANT UPDATE (replaced_at) ON health_statuses TO huiban_app")


def downgrade() -> None:
    """Drop them, in the order of their references."""
    for table in TABLES:
        op.drop_table(table)


def _facts() -> None:
    op.create_table(
        "health_declarations",
        sa.Column("id", sa.Uuid),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("declared_at", MOMENT, nullable=False),
        sa.Column("answers_sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_health_declarations"),
    )
    op.create_index(
        "ix_health_declarations_person", "health_declarations", ["person_id", "declared_at"]
    )
    op.create_table(
        "health_evidence",
        sa.Column("id", sa.Uuid),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("record_id", sa.String, nullable=False),
        sa.Column("category", sa.String, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_health_evidence"),
        sa.UniqueConstraint(
            "source", "record_id", "digest", name="uq_health_evidence_source_record_id_digest"
        ),
    )
    op.create_table(
        "health_authority_answers",
        sa.Column("id", sa.Uuid),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("evidence_ids", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_health_authority_answers"),
    )
    op.create_index(
        "ix_health_authority_answers_person", "health_authority_answers", ["person_id", "asked_at"]
    )


def _statuses() -> None:
    op.create_table(
        "health_statuses",
        sa.Column("id", sa.Uuid),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("colour", sa.String, nullable=False),
        sa.Column("reasons", JSONB, nullable=False),
        sa.Column("rule_set", sa.String, nullable=False),
        sa.Column("declaration_id", sa.Uuid, nullable=False),
        sa.Column("evidence_ids", JSONB, nullable=False),
        sa.Column("authority_answered", sa.Boolean, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("valid_until", MOMENT),
        sa.Column("replaced_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_health_statuses"),
        sa.UniqueConstraint("person_id", "version", name="uq_health_statuses_person_id_version"),
        sa.ForeignKeyConstraint(
            ["declaration_id"],
            ["health_declarations.id"],
            name="fk_health_statuses_declaration_id",
        ),
        sa.CheckConstraint("state IN ('grey', 'active')", name="state"),
        sa.CheckConstraint("colour IN ('green', 'yellow', 'red', 'unknown')", name="colour"),
        sa.CheckConstraint(
            "(state = 'active') = (colour <> 'unknown')",
            name="active_has_colour",
        ),
    )
    current, unanswered = "replaced_at IS NULL", "replaced_at IS NULL AND NOT authority_answered"
    for name, column, unique, where in (
        ("uq_health_statuses_current", "person_id", True, current),
        ("ix_health_statuses_due", "valid_until", False, current),
        ("ix_health_statuses_unanswered", "decided_at", False, unanswered),
    ):
        op.create_index(
            name, "health_statuses", [column], unique=unique, postgresql_where=sa.text(where)
        )


def _venues() -> None:
    op.create_table(
        "venues",
        sa.Column("id", sa.Uuid),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("region_code", sa.String, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_venues"),
    )
    op.create_table(
        "venue_staff",
        sa.Column("venue_id", sa.Uuid),
        sa.Column("account_id", sa.Uuid, index=True),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT),
        sa.PrimaryKeyConstraint("venue_id", "account_id", name="pk_venue_staff"),
        sa.ForeignKeyConstraint(["venue_id"], ["venues.id"], name="fk_venue_staff_venue_id"),
    )


def _scans() -> None:
    op.create_table(
        "scans",
        sa.Column("day", sa.Date),
        sa.Column("id", sa.Uuid),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("venue_id", sa.Uuid, nullable=False),
        sa.Column("staff_id", sa.Uuid, nullable=False),
        sa.Column("person_id", sa.Uuid),
        sa.Column("client_scan_id", sa.String),
        sa.Column("verdict", sa.String, nullable=False),
        sa.Column("colour", sa.String, nullable=False),
        sa.Column("reasons", JSONB, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("code_digest", sa.LargeBinary, nullable=False),
        sa.Column("scanned_at", MOMENT),
        sa.PrimaryKeyConstraint("day", "id", name="pk_scans"),
        sa.UniqueConstraint(
            "day", "venue_id", "client_scan_id", name="uq_scans_day_venue_id_client_scan_id"
        ),
        postgresql_partition_by="RANGE (day)",
    )
    op.create_index("ix_scans_person", "scans", ["person_id", "at"])
    op.execute("CREATE TABLE scans_default PARTITION OF scans DEFAULT")
    # Partitions are reached through their parent, so that its rights are the only way in. The check
    # for strays in the DEFAULT partition reads it directly.
    op.execute("REVOKE ALL ON scans_default FROM huiban_app")
    op.execute("GRANT SELECT ON scans_default TO huiban_app")
    op.execute("SELECT huiban_ensure_days('scans', 14)")
