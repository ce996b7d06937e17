"""Privacy: an export is fetched with a ticket that a fresh proof gives.

Revision ID: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Add what is known of the ticket."""
    op.add_column("data_exports", sa.Column("ticket_digest", sa.LargeBinary()))
    op.add_column("data_exports", sa.Column("ticket_until", sa.DateTime(timezone=True)))
    uses = sa.Column("ticket_uses", sa.Integer(), nullable=False, server_default="0")
    op.add_column("data_exports", uses)
    op.create_check_constraint("ticket_uses", "data_exports", "ticket_uses >= 0")


def downgrade() -> None:
    """Take it away; whoever has a ticket asks again."""
    op.drop_constraint("ck_data_exports_ticket_uses", "data_exports")
    for column in ("ticket_uses", "ticket_until", "ticket_digest"):
        op.drop_column("data_exports", column)
