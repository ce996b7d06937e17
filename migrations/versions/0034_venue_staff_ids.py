"""Health code: who scans at a venue has an id that does not tell when their account was made.

Revision ID: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Give each membership a random id; the release before goes on writing rows without one."""
    random = sa.text("gen_random_uuid()")
    op.add_column("venue_staff", sa.Column("id", sa.Uuid(), nullable=False, server_default=random))
    op.create_unique_constraint(op.f("uq_venue_staff_id"), "venue_staff", ["id"])


def downgrade() -> None:
    """Take it away."""
    op.drop_constraint(op.f("uq_venue_staff_id"), "venue_staff")
    op.drop_column("venue_staff", "id")
