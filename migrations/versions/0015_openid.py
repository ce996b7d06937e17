"""Identity: the OpenID provider's clients, sign-ins, consents, codes and tokens.

Revision ID: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"

MOMENT = sa.DateTime(timezone=True)
TEXTS = sa.ARRAY(sa.String)
STANDING = sa.text("withdrawn_at IS NULL")

TABLES = (
    *("openid_logout_notices", "openid_assertions", "openid_tokens", "openid_grants"),
    *("openid_consents", "openid_requests", "openid_logins", "openid_clients"),
)


def upgrade() -> None:
    """Make the tables, in the order of their references."""
    _clients()
    _people()
    _grants()
    _logout()


def downgrade() -> None:
    """Drop them, in the order of their references; their keys serve nothing else."""
    for table in TABLES:
        op.drop_table(table)
    op.execute("DELETE FROM keys WHERE purpose IN ('openid_tokens', 'openid_subjects')")


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}")


def _clients() -> None:
    op.create_table(
        "openid_clients",
        sa.Column("id", sa.Uuid),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("department", sa.String, nullable=False),
        sa.Column("application_type", sa.String, nullable=False),
        sa.Column("auth_method", sa.String, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary),
        sa.Column("jwks", JSONB),
        sa.Column("redirect_uris", TEXTS, nullable=False),
        sa.Column("post_logout_redirect_uris", TEXTS, nullable=False),
        sa.Column("backchannel_logout_uri", sa.String),
        sa.Column("sector", sa.String, nullable=False),
        sa.Column("scopes", TEXTS, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_openid_clients"),
        sa.CheckConstraint(
            "auth_method IN ('client_secret_basic', 'private_key_jwt', 'none')", name="auth_method"
        ),
        sa.CheckConstraint(
            "(auth_method = 'client_secret_basic') = (secret_hash IS NOT NULL)", name="secret"
        ),
        sa.CheckConstraint("(auth_method = 'private_key_jwt') = (jwks IS NOT NULL)", name="jwks"),
        sa.CheckConstraint("application_type IN ('web', 'native')", name="application_type"),
    )


def _people() -> None:
    op.create_table(
        "openid_logins",
        sa.Column("id", sa.Uuid),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("browser_hash", sa.LargeBinary, nullable=False),
        sa.Column("amr", TEXTS, nullable=False),
        sa.Column("auth_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_openid_logins"),
        _foreign("openid_logins", "account_id", "accounts"),
    )
    op.create_index(
        "uq_openid_logins_browser",
        "openid_logins",
        ["browser_hash"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "openid_requests",
        sa.Column("id", sa.Uuid),
        sa.Column("client_id", sa.Uuid, nullable=False, index=True),
        sa.Column("browser_hash", sa.LargeBinary, nullable=False, index=True),
        sa.Column("parameters_sealed", sa.LargeBinary, nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("finished_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_openid_requests"),
        _foreign("openid_requests", "client_id", "openid_clients"),
    )
    op.create_table(
        "openid_consents",
        sa.Column("id", sa.Uuid),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("client_id", sa.Uuid, nullable=False),
        sa.Column("asked", TEXTS, nullable=False),
        sa.Column("scopes", TEXTS, nullable=False),
        sa.Column("notice_version", sa.String, nullable=False),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_openid_consents"),
        _foreign("openid_consents", "account_id", "accounts"),
        _foreign("openid_consents", "client_id", "openid_clients"),
    )
    op.create_index(
        "uq_openid_consents_standing",
        "openid_consents",
        ["account_id", "client_id"],
        unique=True,
        postgresql_where=STANDING,
    )


def _grants() -> None:
    op.create_table(
        "openid_grants",
        sa.Column("id", sa.Uuid),
        sa.Column("client_id", sa.Uuid, nullable=False, index=True),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("login_id", sa.Uuid, nullable=False, index=True),
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        sa.Column("code_expires_at", MOMENT, nullable=False),
        sa.Column("code_used_at", MOMENT),
        sa.Column("code_challenge", sa.String, nullable=False),
        sa.Column("redirect_uri", sa.String, nullable=False),
        sa.Column("nonce_sealed", sa.LargeBinary),
        sa.Column("scopes", TEXTS, nullable=False),
        sa.Column("acr", sa.String, nullable=False),
        sa.Column("amr", TEXTS, nullable=False),
        sa.Column("auth_at", MOMENT, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("rotated_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("ended_at", MOMENT),
        sa.Column("ended_because", sa.String),
        sa.PrimaryKeyConstraint("id", name="pk_openid_grants"),
        sa.UniqueConstraint("code_hash", name="uq_openid_grants_code_hash"),
        _foreign("openid_grants", "client_id", "openid_clients"),
        _foreign("openid_grants", "account_id", "accounts"),
        _foreign("openid_grants", "login_id", "openid_logins"),
    )
    op.create_index("ix_openid_grants_account_client", "openid_grants", ["account_id", "client_id"])
    op.create_table(
        "openid_tokens",
        sa.Column("token_hash", sa.LargeBinary),
        sa.Column("grant_id", sa.Uuid, nullable=False, index=True),
        sa.Column("scopes", TEXTS, nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("token_hash", name="pk_openid_tokens"),
        _foreign("openid_tokens", "grant_id", "openid_grants"),
    )


def _logout() -> None:
    op.create_table(
        "openid_assertions",
        sa.Column("client_id", sa.Uuid),
        sa.Column("jti_hash", sa.LargeBinary),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.PrimaryKeyConstraint("client_id", "jti_hash", name="pk_openid_assertions"),
        _foreign("openid_assertions", "client_id", "openid_clients"),
    )
    op.create_table(
        "openid_logout_notices",
        sa.Column("id", sa.Uuid),
        sa.Column("client_id", sa.Uuid, nullable=False, index=True),
        sa.Column("login_id", sa.Uuid, nullable=False, index=True),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("delivered_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_openid_logout_notices"),
        _foreign("openid_logout_notices", "client_id", "openid_clients"),
        _foreign("openid_logout_notices", "login_id", "openid_logins"),
        _foreign("openid_logout_notices", "account_id", "accounts"),
    )
