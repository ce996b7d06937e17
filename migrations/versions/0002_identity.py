"""Identity: persons, accounts, ways in, sessions.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of one login."""
    op.create_table(
        "persons",
        sa.Column("id", sa.Uuid),
        sa.Column("document_type", sa.String, nullable=False),
        sa.Column("document_index", sa.LargeBinary, nullable=False),
        sa.Column("name_sealed", sa.LargeBinary, nullable=False),
        sa.Column("document_sealed", sa.LargeBinary, nullable=False),
        sa.Column("sex", sa.String, nullable=False),
        sa.Column("birth_date", sa.Date, nullable=False),
        sa.Column("household_division", sa.String, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_persons"),
        sa.UniqueConstraint(
            "document_type", "document_index", name="uq_persons_document_type_document_index"
        ),
        sa.CheckConstraint("sex IN ('0', '1', '2', '9')", name="sex"),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid),
        sa.Column("phone_index", sa.LargeBinary, nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary, nullable=False),
        sa.Column("person_id", sa.Uuid),
        sa.Column("level", sa.String, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("proved_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("phone_index", name="uq_accounts_phone_index"),
        sa.UniqueConstraint("person_id", name="uq_accounts_person_id"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_accounts_person_id"),
        sa.CheckConstraint("level IN ('phone', 'real_name', 'face')", name="level"),
        sa.CheckConstraint("(level = 'phone') = (person_id IS NULL)", name="level_needs_person"),
    )
    _ways_in()
    _sessions()


def downgrade() -> None:
    """Drop them, in the order of their references."""
    for table in ("session_families", "login_codes", "wechat_links", "accounts", "persons"):
        op.drop_table(table)


def _ways_in() -> None:
    op.create_table(
        "wechat_links",
        sa.Column("openid", sa.String),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("unionid", sa.String),
        sa.Column("linked_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("openid", name="pk_wechat_links"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_wechat_links_account_id"),
    )
    op.create_table(
        "login_codes",
        sa.Column("id", sa.Uuid),
        sa.Column("phone_index", sa.LargeBinary, nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary, nullable=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("kid", sa.String, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_login_codes"),
        sa.CheckConstraint("tries BETWEEN 0 AND 5", name="tries"),
    )
    op.create_index("ix_login_codes_phone", "login_codes", ["phone_index", "purpose", "created_at"])


def _sessions() -> None:
    op.create_table(
        "session_families",
        sa.Column("id", sa.Uuid),
        sa.Column("account_id", sa.Uuid, nullable=False, index=True),
        sa.Column("device_id", sa.String, nullable=False),
        sa.Column("device_name_sealed", sa.LargeBinary, nullable=False),
        sa.Column("platform", sa.String, nullable=False),
        sa.Column("public_key", sa.String),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("rotated_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("ended_at", MOMENT),
        sa.Column("ended_because", sa.String),
        sa.PrimaryKeyConstraint("id", name="pk_session_families"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_session_families_account_id"
        ),
    )
    op.create_index(
        "uq_session_families_open_device",
        "session_families",
        ["account_id", "device_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
