"""Family: mandates confirmed by face; consents of people without an account.

Revision ID: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"

MOMENT = sa.DateTime(timezone=True)
HOW = "ck_mandates_confirmed_how"
BEFORE = "confirmed_how IN ('account', 'window', 'village_agent', 'register')"
NOW = "confirmed_how IN ('account', 'face', 'window', 'village_agent', 'register')"
CHECK = "ck_mandates_face_check_id"


def upgrade() -> None:
    """Make links and checks; a consent may be a person's who has no account."""
    op.add_column("mandates", sa.Column("face_check_id", sa.Uuid()))
    op.drop_constraint(op.f(HOW), "mandates")
    op.create_check_constraint(op.f(HOW), "mandates", NOW)
    op.create_check_constraint(
        op.f(CHECK), "mandates", "(confirmed_how = 'face') = (face_check_id IS NOT NULL)"
    )
    _links()
    op.add_column("consent_events", sa.Column("person_id", sa.Uuid()))
    op.alter_column("consent_events", "account_id", nullable=True)
    op.create_check_constraint(
        op.f("ck_consent_events_by_whom"),
        "consent_events",
        "(account_id IS NULL) = (person_id IS NOT NULL)",
    )
    op.create_index(
        "ix_consent_events_person",
        "consent_events",
        ["person_id", "purpose"],
        postgresql_where=sa.text("person_id IS NOT NULL"),
    )


def _links() -> None:
    op.create_table(
        "mandate_face_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mandate_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_mandate_face_links"),
        sa.UniqueConstraint("secret_hash", name="uq_mandate_face_links_secret_hash"),
        sa.ForeignKeyConstraint(
            ["mandate_id"], ["mandates.id"], name="fk_mandate_face_links_mandate_id"
        ),
    )
    op.create_table(
        "mandate_face_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("person_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_mandate_face_checks"),
        sa.ForeignKeyConstraint(
            ["link_id"],
            ["mandate_face_links.id"],
            name="fk_mandate_face_checks_link_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name="fk_mandate_face_checks_person_id"
        ),
    )


def downgrade() -> None:
    """Take it away. What a face confirmed ends: an older release cannot say how it became good."""
    op.execute("ALTER TABLE consent_events DISABLE TRIGGER consent_events_keep")
    op.execute("DELETE FROM consent_events WHERE account_id IS NULL")
    op.execute("ALTER TABLE consent_events ENABLE TRIGGER consent_events_keep")
    op.drop_index("ix_consent_events_person", "consent_events")
    op.drop_constraint(op.f("ck_consent_events_by_whom"), "consent_events")
    op.alter_column("consent_events", "account_id", nullable=False)
    op.drop_column("consent_events", "person_id")
    for table in ("mandate_face_checks", "mandate_face_links"):
        op.drop_table(table)
    op.drop_constraint(op.f(CHECK), "mandates")
    op.drop_constraint(op.f(HOW), "mandates")
    op.execute(
        "UPDATE mandates SET status = 'revoked', ended_at = now(), ended_by = 'system'"
        " WHERE confirmed_how = 'face' AND status = 'active'"
    )
    op.execute("UPDATE mandates SET confirmed_how = NULL WHERE confirmed_how = 'face'")
    op.create_check_constraint(op.f(HOW), "mandates", BEFORE)
    op.drop_column("mandates", "face_check_id")
