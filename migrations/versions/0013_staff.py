"""Identity: units, officers, their roles and sign-ins.

Revision ID: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

MOMENT = sa.DateTime(timezone=True)
ADMINISTRATORS = "role IN ('system_admin', 'security_admin', 'audit_admin')"


def upgrade() -> None:
    """Make the tables of staff. Nothing is deleted from what they did."""
    _units_and_officers()
    _roles()
    _sign_ins()
    op.execute("REVOKE DELETE ON units, officers, officer_roles FROM huiban_app")


def downgrade() -> None:
    """Drop them, in the order of their references."""
    for table in ("officer_sessions", "officer_challenges", "officer_roles", "officers", "units"):
        op.drop_table(table)


def _units_and_officers() -> None:
    op.create_table(
        "units",
        sa.Column("id", sa.Uuid),
        sa.Column("parent_id", sa.Uuid),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("region_code", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_units"),
        sa.ForeignKeyConstraint(["parent_id"], ["units.id"], name="fk_units_parent_id"),
        sa.CheckConstraint(
            "kind IN ('government', 'department', 'window', 'village')", name="kind"
        ),
    )
    op.create_index("ix_units_parent_id", "units", ["parent_id"])
    op.create_table(
        "officers",
        sa.Column("id", sa.Uuid),
        sa.Column("login", sa.String, nullable=False),
        sa.Column("name_sealed", sa.LargeBinary, nullable=False),
        sa.Column("unit_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("totp_sealed", sa.LargeBinary),
        sa.Column("totp_step", sa.Integer),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_officers"),
        sa.UniqueConstraint("login", name="uq_officers_login"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_officers_unit_id"),
        sa.CheckConstraint("state IN ('active', 'locked', 'left')", name="state"),
    )
    op.create_index("ix_officers_unit_id", "officers", ["unit_id"])


def _roles() -> None:
    op.create_table(
        "officer_roles",
        sa.Column("id", sa.Uuid),
        sa.Column("officer_id", sa.Uuid, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("region_code", sa.String),
        sa.Column("granted_by", sa.Uuid),
        sa.Column("granted_at", MOMENT, nullable=False),
        sa.Column("confirmed_by", sa.Uuid),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("ended_by", sa.Uuid),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_officer_roles"),
        *(
            sa.ForeignKeyConstraint([column], ["officers.id"], name=f"fk_officer_roles_{column}")
            for column in ("officer_id", "granted_by", "confirmed_by", "ended_by")
        ),
        sa.CheckConstraint(
            "role IN ('system_admin', 'security_admin', 'audit_admin', 'window_officer',"
            " 'village_agent', 'case_officer', 'client_registrar')",
            name="role",
        ),
        sa.CheckConstraint("granted_by <> officer_id", name="not_by_oneself"),
        sa.CheckConstraint(
            "confirmed_by <> officer_id AND confirmed_by <> granted_by", name="two_people"
        ),
        sa.CheckConstraint("ended_by <> officer_id", name="not_ended_by_oneself"),
        sa.CheckConstraint("(role = 'village_agent') = (region_code IS NOT NULL)", name="region"),
        sa.CheckConstraint(
            "granted_by IS NULL OR confirmed_by IS NOT NULL OR confirmed_at IS NULL"
            f" OR NOT {ADMINISTRATORS}",
            name="administrators_by_two",
        ),
    )
    for name, columns, where in (
        ("uq_officer_roles_open", ["officer_id", "role"], "ended_at IS NULL"),
        (
            "uq_officer_roles_one_administrator",
            ["officer_id"],
            f"ended_at IS NULL AND {ADMINISTRATORS}",
        ),
    ):
        op.create_index(
            name, "officer_roles", columns, unique=True, postgresql_where=sa.text(where)
        )


def _sign_ins() -> None:
    op.create_table(
        "officer_challenges",
        sa.Column("id", sa.Uuid),
        sa.Column("officer_id", sa.Uuid, nullable=False),
        sa.Column("text_hash", sa.LargeBinary, nullable=False),
        sa.Column("device_hash", sa.LargeBinary),
        sa.Column("totp_sealed", sa.LargeBinary),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_officer_challenges"),
        sa.UniqueConstraint("text_hash", name="uq_officer_challenges_text_hash"),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name="fk_officer_challenges_officer_id"
        ),
        sa.CheckConstraint("tries BETWEEN 0 AND 5", name="tries"),
    )
    op.create_table(
        "officer_sessions",
        sa.Column("id", sa.Uuid),
        sa.Column("officer_id", sa.Uuid, nullable=False),
        sa.Column("device_hash", sa.LargeBinary),
        sa.Column("browser", sa.Boolean, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("rotated_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("ended_because", sa.String),
        sa.PrimaryKeyConstraint("id", name="pk_officer_sessions"),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name="fk_officer_sessions_officer_id"
        ),
    )
    for table in ("officer_challenges", "officer_sessions"):
        for column in ("officer_id", "expires_at"):
            op.create_index(f"ix_{table}_{column}", table, [column])
