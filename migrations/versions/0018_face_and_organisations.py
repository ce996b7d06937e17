"""Identity: a session's level by face, organisations, whom they let act, and for whom a session acts.

Revision ID: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, and the two columns of a session."""
    _organisations()
    _operators()
    op.add_column("session_families", sa.Column("face_until", MOMENT))
    op.add_column("session_families", sa.Column("organisation_id", sa.Uuid()))
    op.create_foreign_key(
        "fk_session_families_organisation_id",
        "session_families",
        "organisations",
        ["organisation_id"],
        ["id"],
    )
    op.create_table(
        "face_challenges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_face_challenges"),
        sa.ForeignKeyConstraint(
            ["family_id"],
            ["session_families.id"],
            name="fk_face_challenges_family_id",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("face_challenges")
    op.drop_column("session_families", "organisation_id")
    op.drop_column("session_families", "face_until")
    op.drop_table("organisation_operators")
    op.drop_table("organisations")


def _organisations() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uscc", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("representative_index", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("as_of", MOMENT, nullable=False, index=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisations"),
        sa.UniqueConstraint("uscc", name="uq_organisations_uscc"),
        sa.CheckConstraint(
            "status IN ('active', 'revoked', 'deregistered')",
            name=op.f("ck_organisations_status"),
        ),
        sa.CheckConstraint("length(uscc) = 18", name=op.f("ck_organisations_uscc")),
    )
    op.create_index(
        "ix_organisations_representative_index", "organisations", ["representative_index"]
    )


def _operators() -> None:
    table = "organisation_operators"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_index", sa.LargeBinary(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("scopes", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("granted_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("accepted_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("ended_by", sa.String()),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=f"fk_{table}_organisation_id"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=f"fk_{table}_person_id"),
        sa.ForeignKeyConstraint(["granted_by"], ["persons.id"], name=f"fk_{table}_granted_by"),
        sa.CheckConstraint("cardinality(scopes) > 0", name=op.f(f"ck_{table}_scopes")),
        sa.CheckConstraint(
            "status IN ('pending', 'active', 'declined', 'ended', 'expired')",
            name=op.f(f"ck_{table}_status"),
        ),
        sa.CheckConstraint(
            "(status = 'active') <= (person_id IS NOT NULL)",
            name=op.f(f"ck_{table}_active_has_person"),
        ),
        sa.CheckConstraint("person_id <> granted_by", name=op.f(f"ck_{table}_not_for_oneself")),
    )
    op.create_index(
        f"uq_{table}_living",
        table,
        ["organisation_id", "person_index"],
        unique=True,
        postgresql_where=sa.text("status IN ('pending', 'active')"),
    )
    op.create_index(f"ix_{table}_person_index", table, ["person_index"])
    op.create_index(f"ix_{table}_person_id", table, ["person_id"])
