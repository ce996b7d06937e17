"""Identity: a site that cannot be told of a sign-out now is told later.

Revision ID: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"

INDEX, TABLE = "ix_openid_logout_notices_next_try", "openid_logout_notices"


def upgrade() -> None:
    """Add when it is tried next; what the release before could not deliver stays as it is."""
    op.add_column(TABLE, sa.Column("next_try_at", sa.DateTime(timezone=True)))
    waiting = sa.text("next_try_at IS NOT NULL")
    op.create_index(INDEX, TABLE, ["next_try_at"], postgresql_where=waiting)


def downgrade() -> None:
    """Take it away."""
    op.drop_index(INDEX, TABLE)
    op.drop_column(TABLE, "next_try_at")
