"""Privacy: files, copies of one's own data, and rights to destroy what is over.

Revision ID: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

MOMENT = sa.DateTime(timezone=True)
#: Where huiban_retention destroys rows; whole days go by huiban_destroy_day.
OVER = "health_statuses, health_declarations, health_authority_answers, health_evidence"


def upgrade() -> None:
    """Make the tables, give the rights."""
    op.create_table(
        "files",
        sa.Column("id", sa.Uuid()),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("stored_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
        sa.UniqueConstraint("address", name="uq_files_address"),
    )
    op.create_table(
        "data_exports",
        sa.Column("id", sa.Uuid()),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("file_id", sa.Uuid()),
        sa.Column("size", sa.Integer()),
        sa.Column("expires_at", MOMENT),
        sa.CheckConstraint("state IN ('requested', 'ready', 'destroyed')", name="state"),
        sa.CheckConstraint("(state = 'ready') = (file_id IS NOT NULL)", name="ready_has_file"),
        sa.PrimaryKeyConstraint("id", name="pk_data_exports"),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name="fk_data_exports_file_id"),
    )
    op.create_index("ix_data_exports_account", "data_exports", ["account_id", "id"])
    op.create_index(
        "ix_data_exports_due",
        "data_exports",
        ["expires_at"],
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.execute("GRANT INSERT ON destruction_records TO huiban_app")
    op.execute(f"GRANT SELECT, DELETE ON {OVER} TO huiban_retention")


def downgrade() -> None:
    """Take both away."""
    op.drop_table("data_exports")
    op.drop_table("files")
    op.execute("REVOKE INSERT ON destruction_records FROM huiban_app")
    op.execute(f"REVOKE SELECT, DELETE ON {OVER} FROM huiban_retention")
