"""Push: how far an evaluation came, whose phone it is while signed in, tries of a text message.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the table and the columns. Every text asked for before may be claimed at once."""
    op.create_table(
        "rule_progress",
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reached", sa.Uuid(), nullable=False),
        sa.Column("notices", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "day", name=op.f("pk_rule_progress")),
    )
    op.add_column("push_devices", sa.Column("client_device_id", sa.String(), nullable=True))
    op.add_column(
        "push_texts", sa.Column("tries", sa.SmallInteger(), nullable=False, server_default="0")
    )
    now = sa.text("now()")
    op.add_column(
        "push_texts",
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
    )
    op.create_check_constraint(op.f("ck_push_texts_tries"), "push_texts", "tries >= 0")


def downgrade() -> None:
    """Take them away. What was not evaluated to its end is due again, and tells nobody twice."""
    op.drop_constraint(op.f("ck_push_texts_tries"), "push_texts")
    op.drop_column("push_texts", "next_try_at")
    op.drop_column("push_texts", "tries")
    op.drop_column("push_devices", "client_device_id")
    op.drop_table("rule_progress")
