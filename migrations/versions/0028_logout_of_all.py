"""Identity: a site may be told once of all the sign-ins of a person that ended together.

Revision ID: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """A notice without a sign-in stands for all of them."""
    op.alter_column("openid_logout_notices", "login_id", nullable=True)


def downgrade() -> None:
    """Let it stand for the latest of them; what never had one cannot be said there."""
    op.execute(
        sa.text(
            "UPDATE openid_logout_notices SET login_id = (SELECT id FROM openid_logins"
            " WHERE openid_logins.account_id = openid_logout_notices.account_id"
            " ORDER BY auth_at DESC LIMIT 1) WHERE login_id IS NULL"
        )
    )
    op.execute(sa.text("DELETE FROM openid_logout_notices WHERE login_id IS NULL"))
    op.alter_column("openid_logout_notices", "login_id", nullable=False)
