"""Identity: what one officer proposes for the client registry and another approves.

Revision ID: 0030
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0030"
down_revision = "0029"

MOMENT = sa.DateTime(timezone=True)
TABLE = "openid_client_proposals"


def upgrade() -> None:
    """Make the table; one open proposal a client, approved by another officer."""
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("client_id", sa.Uuid()),
        sa.Column("wanted", JSONB()),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decided_at", MOMENT),
        sa.Column("approved", sa.Boolean()),
        sa.Column("collected_at", MOMENT),
        sa.CheckConstraint("kind IN ('register', 'change', 'secret')", name="kind"),
        sa.CheckConstraint("(kind = 'secret') = (wanted IS NULL)", name="wanted"),
        sa.CheckConstraint("kind = 'register' OR client_id IS NOT NULL", name="client"),
        sa.CheckConstraint("NOT approved OR decided_by <> proposed_by", name="two_people"),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (approved IS NULL)"
            " AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="decided",
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{TABLE}"),
        sa.ForeignKeyConstraint(["client_id"], ["openid_clients.id"], name=f"fk_{TABLE}_client_id"),
        sa.ForeignKeyConstraint(["proposed_by"], ["officers.id"], name=f"fk_{TABLE}_proposed_by"),
        sa.ForeignKeyConstraint(["decided_by"], ["officers.id"], name=f"fk_{TABLE}_decided_by"),
    )
    op.create_index(
        "uq_openid_client_proposals_waiting",
        TABLE,
        ["client_id"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table(TABLE)
