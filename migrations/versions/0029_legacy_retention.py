"""Privacy: departments' users whom nobody claims are destroyed in time.

Revision ID: 0029
"""

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Let the role that destroys see when they were imported, and destroy them."""
    op.execute("GRANT SELECT, DELETE ON legacy_users TO huiban_retention")
    op.execute("GRANT SELECT ON legacy_imports TO huiban_retention")


def downgrade() -> None:
    """Take both rights away."""
    op.execute("REVOKE SELECT, DELETE ON legacy_users FROM huiban_retention")
    op.execute("REVOKE SELECT ON legacy_imports FROM huiban_retention")
