"""Family: mandates that ended long ago, and their uses, are destroyed.

Revision ID: 0033
"""

from alembic import op

revision = "0033"
down_revision = "0032"

KEEP = "CREATE TRIGGER mandate_uses_keep BEFORE UPDATE OR DELETE ON mandate_uses FOR EACH ROW"


def upgrade() -> None:
    """Let the role that destroys, and nobody else, remove both."""
    op.execute("GRANT SELECT (id, ended_at), DELETE ON mandates TO huiban_retention")
    op.execute("GRANT SELECT (id, mandate_id), DELETE ON mandate_uses TO huiban_retention")
    op.execute("DROP TRIGGER mandate_uses_keep ON mandate_uses")
    op.execute(f"{KEEP} WHEN (current_user <> 'huiban_retention') EXECUTE FUNCTION huiban_keep()")


def downgrade() -> None:
    """Take the rights away."""
    op.execute("DROP TRIGGER mandate_uses_keep ON mandate_uses")
    op.execute(f"{KEEP} EXECUTE FUNCTION huiban_keep()")
    op.execute("REVOKE SELECT (id, mandate_id), DELETE ON mandate_uses FROM huiban_retention")
    op.execute("REVOKE SELECT (id, ended_at), DELETE ON mandates FROM huiban_retention")
