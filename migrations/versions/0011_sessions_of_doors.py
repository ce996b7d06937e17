"""Identity: what a session was opened for; one opened at a door may only check codes.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the use. Sessions so far are residents' own."""
    op.add_column(
        "session_families",
        sa.Column("use", sa.String(), nullable=False, server_default="citizen"),
    )
    op.create_check_constraint("use", "session_families", "use IN ('citizen', 'verifier')")


def downgrade() -> None:
    """End the sessions of doors, which would become residents' own, and take the column away."""
    op.execute(
        "UPDATE session_families SET ended_at = now(), ended_because = 'remote'"
        " WHERE use = 'verifier' AND ended_at IS NULL"
    )
    op.drop_column("session_families", "use")
