"""Push: notices, devices, deliveries, preferences, facts, what was evaluated, texts.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

CATEGORY = (
    "category IN ('payment', 'expiry', 'period', 'case', 'security', 'health_code', 'suggestion')"
)


def upgrade() -> None:
    """Make the tables."""
    _notices()
    _push_devices()
    _deliveries()
    _notice_preferences()
    _rule_evaluations()
    _person_facts()
    _push_texts()


def downgrade() -> None:
    """Drop them, in the order of their references."""
    for table in (
        "push_texts",
        "person_facts",
        "rule_evaluations",
        "notice_preferences",
        "deliveries",
        "push_devices",
        "notices",
    ):
        op.drop_table(table)


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("rule_version", sa.SmallInteger(), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("recipient_account_id", sa.Uuid(), nullable=False),
        sa.Column("subject_person_id", sa.Uuid(), nullable=True),
        sa.Column("subject_key", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("matter_code", sa.String(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            CATEGORY,
            name=op.f("ck_notices_category"),
        ),
        sa.ForeignKeyConstraint(
            ["recipient_account_id"], ["accounts.id"], name=op.f("fk_notices_recipient_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["subject_person_id"], ["persons.id"], name=op.f("fk_notices_subject_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint(
            "rule",
            "subject_key",
            "period",
            "recipient_account_id",
            name=op.f("uq_notices_rule_subject_key_period_recipient_account_id"),
        ),
    )
    op.create_index(
        "ix_notices_inbox", "notices", ["recipient_account_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_notices_unread",
        "notices",
        ["recipient_account_id"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL"),
    )


def _push_devices() -> None:
    op.create_table(
        "push_devices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("token_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("template_ids", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_because", sa.String(), nullable=True),
        sa.CheckConstraint("channel IN ('fcm', 'wechat')", name=op.f("ck_push_devices_channel")),
        sa.CheckConstraint(
            "(dropped_at IS NULL) = (dropped_because IS NULL)", name=op.f("ck_push_devices_dropped")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_push_devices_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_devices")),
        sa.UniqueConstraint(
            "channel", "token_digest", name=op.f("uq_push_devices_channel_token_digest")
        ),
    )
    op.create_index(
        "ix_push_devices_living",
        "push_devices",
        ["account_id"],
        unique=False,
        postgresql_where=sa.text("dropped_at IS NULL"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'sent', 'failed', 'dropped')", name=op.f("ck_deliveries_state")
        ),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_deliveries_tries")),
        sa.ForeignKeyConstraint(
            ["device_id"], ["push_devices.id"], name=op.f("fk_deliveries_device_id")
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notices.id"], name=op.f("fk_deliveries_notice_id")
        ),
        sa.PrimaryKeyConstraint("notice_id", "device_id", name=op.f("pk_deliveries")),
    )
    op.create_index(
        "ix_deliveries_device",
        "deliveries",
        ["device_id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        [sa.literal_column("urgent DESC"), "next_try_at"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )


def _notice_preferences() -> None:
    op.create_table(
        "notice_preferences",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("muted", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            CATEGORY,
            name=op.f("ck_notice_preferences_category"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_notice_preferences_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "category", name=op.f("pk_notice_preferences")),
    )


def _rule_evaluations() -> None:
    op.create_table(
        "rule_evaluations",
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rule_version", sa.SmallInteger(), nullable=False),
        sa.Column("notices", sa.Integer(), nullable=False),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("rule", "day", name=op.f("pk_rule_evaluations")),
    )


def _person_facts() -> None:
    op.create_table(
        "person_facts",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("value", sa.Date(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_person_facts_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "fact", name=op.f("pk_person_facts")),
    )
    op.create_index("ix_person_facts_value", "person_facts", ["fact", "value"], unique=False)


def _push_texts() -> None:
    op.create_table(
        "push_texts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["line_id"], ["order_lines.id"], name=op.f("fk_push_texts_line_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_texts")),
        sa.UniqueConstraint("rule", "line_id", name=op.f("uq_push_texts_rule_line_id")),
    )
    op.create_index(
        "ix_push_texts_unsent",
        "push_texts",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL"),
    )
