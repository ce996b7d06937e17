"""Identity: guesses from a device the account knows are counted by themselves.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the count."""
    op.add_column(
        "login_codes",
        sa.Column("known_tries", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_check_constraint("known_tries", "login_codes", "known_tries BETWEEN 0 AND 5")


def downgrade() -> None:
    """Take it away."""
    op.drop_column("login_codes", "known_tries")
