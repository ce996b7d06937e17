"""Identity: sessions that end at a time of their own, however much they are used.

Revision ID: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the time. Sessions of doors have theirs already."""
    op.add_column("session_families", sa.Column("ends_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE session_families SET ends_at = expires_at WHERE use = 'verifier'")


def downgrade() -> None:
    """End the sessions of kiosks, which would live on, and take the column away."""
    op.execute(
        "UPDATE session_families SET ended_at = now(), ended_because = 'remote'"
        " WHERE use = 'citizen' AND ends_at IS NOT NULL AND ended_at IS NULL"
    )
    op.drop_column("session_families", "ends_at")
