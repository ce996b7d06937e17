"""Family: mandates ended before an officer.

Revision ID: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

CHECKS = {
    "ended_how": "ended_how IN ('window', 'village_agent')",
    "ended_before": "(ended_how IS NULL) = (ended_before IS NULL)",
}


def upgrade() -> None:
    """Make room for where a mandate was ended, and before whom."""
    op.add_column("mandates", sa.Column("ended_how", sa.String()))
    op.add_column("mandates", sa.Column("ended_before", sa.Uuid()))
    op.create_foreign_key(
        "fk_mandates_ended_before", "mandates", "officers", ["ended_before"], ["id"]
    )
    for name, check in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_mandates_{name}"), "mandates", check)


def downgrade() -> None:
    """Take it away; the mandates stay ended."""
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_mandates_{name}"), "mandates")
    op.drop_constraint("fk_mandates_ended_before", "mandates")
    op.drop_column("mandates", "ended_before")
    op.drop_column("mandates", "ended_how")
