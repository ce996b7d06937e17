"""Privacy: what people agreed to and withdrew.

Revision ID: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the table, append-only."""
    op.create_table(
        "consent_events",
        sa.Column("id", sa.Uuid()),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("notice_version", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("session_id", sa.Uuid()),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("act IN ('given', 'withdrawn')", name="act"),
        sa.PrimaryKeyConstraint("id", name="pk_consent_events"),
    )
    op.create_index("ix_consent_events_account", "consent_events", ["account_id", "purpose", "id"])
    op.execute("REVOKE UPDATE, DELETE ON consent_events FROM huiban_app")
    op.execute(
        "CREATE TRIGGER consent_events_keep BEFORE UPDATE OR DELETE ON consent_events"
        " FOR EACH ROW EXECUTE FUNCTION huiban_keep()"
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("consent_events")
