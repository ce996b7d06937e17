"""Staff: passkeys as second factor.

Revision ID: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table, and give challenges a purpose and what a passkey has to sign."""
    op.create_table(
        "officer_passkeys",
        sa.Column("id", sa.Uuid),
        sa.Column("officer_id", sa.Uuid, nullable=False),
        sa.Column("credential_id", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_officer_passkeys"),
        sa.UniqueConstraint("credential_id", name="uq_officer_passkeys_credential_id"),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name="fk_officer_passkeys_officer_id"
        ),
    )
    op.create_index("ix_officer_passkeys_officer_id", "officer_passkeys", ["officer_id"])
    op.add_column(
        "officer_challenges",
        sa.Column("purpose", sa.String, nullable=False, server_default="sign_in"),
    )
    op.add_column("officer_challenges", sa.Column("passkey_challenge", sa.LargeBinary))
    op.create_check_constraint("purpose", "officer_challenges", "purpose IN ('sign_in', 'passkey')")


def downgrade() -> None:
    """Take them away; a request for a passkey is no sign-in and goes too."""
    op.execute("DELETE FROM officer_challenges WHERE purpose = 'passkey'")
    op.drop_column("officer_challenges", "passkey_challenge")
    op.drop_column("officer_challenges", "purpose")
    op.drop_table("officer_passkeys")
