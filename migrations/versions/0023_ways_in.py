"""Identity: users of the Alipay mini-program, and sign-ins by QR code.

Revision ID: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alipay_links",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("linked_at", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('open_id', 'user_id')", name="kind"),
        sa.PrimaryKeyConstraint("kind", "subject", name="pk_alipay_links"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_alipay_links_account_id"),
    )
    op.create_table(
        "scan_logins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_kind", sa.String(), nullable=False),
        sa.Column("client_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("network_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("numbers", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), index=True),
        sa.Column("family_id", sa.Uuid()),
        sa.Column("level", sa.String()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'confirmed', 'declined', 'claimed')", name="state"
        ),
        sa.CheckConstraint("client_kind IN ('web', 'kiosk')", name="client_kind"),
        sa.CheckConstraint(
            "state NOT IN ('confirmed', 'claimed')"
            " OR (account_id IS NOT NULL AND family_id IS NOT NULL AND level IS NOT NULL)",
            name="confirmed_by",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_scan_logins"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_scan_logins_account_id"),
        sa.ForeignKeyConstraint(
            ["family_id"], ["session_families.id"], name="fk_scan_logins_family_id"
        ),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("scan_logins")
    op.drop_table("alipay_links")
