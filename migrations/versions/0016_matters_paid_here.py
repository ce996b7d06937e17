"""Catalogue: the scheme whose bills can be paid here, for the entries that are about paying them.

Revision ID: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column. It is filled by the next import of the tables."""
    op.add_column("matters", sa.Column("pay_scheme", sa.String(), nullable=True))


def downgrade() -> None:
    """Take the column away."""
    op.drop_column("matters", "pay_scheme")
