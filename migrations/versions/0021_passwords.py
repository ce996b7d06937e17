"""Identity: passwords of those who want one.

Revision ID: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "account_passwords",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_account_passwords"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_account_passwords_account_id"
        ),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("account_passwords")
