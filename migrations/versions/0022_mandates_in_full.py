"""Family: guardianships, confirmation before officers, every use; consents given for a child.

Revision ID: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

CHECKS = {
    "guardian_as": "guardian_as IN ('father', 'mother', 'guardian')",
    "confirmed_how": "confirmed_how IN ('account', 'window', 'village_agent', 'register')",
    "confirmed_by": "(confirmed_how IN ('window', 'village_agent')) = (confirmed_by IS NOT NULL)",
    "guardians_scope": "guardian_as IS NOT NULL OR NOT 'declare_code' = ANY (scopes)",
}


def upgrade() -> None:
    """Add the columns and the table of uses; number what is there."""
    op.add_column("mandates", sa.Column("number", sa.String()))
    op.add_column("mandates", sa.Column("guardian_as", sa.String()))
    op.add_column("mandates", sa.Column("checked_at", sa.DateTime(timezone=True)))
    op.add_column("mandates", sa.Column("confirmed_how", sa.String()))
    op.add_column("mandates", sa.Column("confirmed_by", sa.Uuid()))
    op.add_column("mandates", sa.Column("phone_sealed", sa.LargeBinary()))
    op.execute(
        "UPDATE mandates m SET number = n.number,"
        " confirmed_how = CASE WHEN m.accepted_at IS NULL THEN NULL ELSE 'account' END"
        " FROM (SELECT id, 'SQ' || to_char(created_at AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD')"
        " || lpad((row_number() OVER (ORDER BY id))::text, 10, '0') AS number FROM mandates) n"
        " WHERE n.id = m.id"
    )
    op.alter_column("mandates", "number", nullable=False)
    op.create_unique_constraint("uq_mandates_number", "mandates", ["number"])
    op.create_foreign_key(
        "fk_mandates_confirmed_by", "mandates", "officers", ["confirmed_by"], ["id"]
    )
    for name, check in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_mandates_{name}"), "mandates", check)
    op.create_index(
        "ix_mandates_guardianships",
        "mandates",
        ["checked_at"],
        postgresql_where=sa.text("guardian_as IS NOT NULL AND status = 'active'"),
    )
    _make_uses()
    op.add_column("consent_events", sa.Column("child_id", sa.Uuid()))
    op.create_index(
        "ix_consent_events_child",
        "consent_events",
        ["child_id", "purpose"],
        postgresql_where=sa.text("child_id IS NOT NULL"),
    )


def _make_uses() -> None:
    op.create_table(
        "mandate_uses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mandate_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["mandate_id"], ["mandates.id"], name="fk_mandate_uses_mandate_id"),
        sa.PrimaryKeyConstraint("id", name="pk_mandate_uses"),
        sa.UniqueConstraint(
            "occasion", "act", "mandate_id", name="uq_mandate_uses_occasion_act_mandate_id"
        ),
    )
    op.create_index("ix_mandate_uses_mandate_id", "mandate_uses", ["mandate_id"])
    op.execute("REVOKE UPDATE, DELETE ON mandate_uses FROM huiban_app")
    op.execute(
        "CREATE TRIGGER mandate_uses_keep BEFORE UPDATE OR DELETE ON mandate_uses"
        " FOR EACH ROW EXECUTE FUNCTION huiban_keep()"
    )


def downgrade() -> None:
    """Take it away. Nobody stays a guardian, since a child could end it; no consent loses its child."""
    op.execute("ALTER TABLE consent_events DISABLE TRIGGER consent_events_keep")
    op.execute("DELETE FROM consent_events WHERE child_id IS NOT NULL")
    op.execute("ALTER TABLE consent_events ENABLE TRIGGER consent_events_keep")
    op.drop_index("ix_consent_events_child", "consent_events")
    op.drop_column("consent_events", "child_id")
    op.drop_table("mandate_uses")
    op.drop_index("ix_mandates_guardianships", "mandates")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_mandates_{name}"), "mandates")
    op.execute(
        "UPDATE mandates SET status = 'revoked', ended_at = now(), ended_by = 'system'"
        " WHERE guardian_as IS NOT NULL AND status IN ('pending', 'active')"
    )
    op.execute("UPDATE mandates SET scopes = array_remove(scopes, 'declare_code')")
    op.drop_constraint("fk_mandates_confirmed_by", "mandates")
    op.drop_constraint("uq_mandates_number", "mandates")
    for column in (
        *("number", "guardian_as", "checked_at"),
        *("confirmed_how", "confirmed_by", "phone_sealed"),
    ):
        op.drop_column("mandates", column)
