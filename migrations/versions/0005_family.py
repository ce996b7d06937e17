"""Family: mandates.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table of mandates."""
    op.create_table(
        "mandates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("holder_account_id", sa.Uuid(), nullable=False),
        sa.Column("holder_person_id", sa.Uuid(), nullable=False),
        sa.Column("principal_index", sa.LargeBinary(), nullable=False),
        sa.Column("principal_document_type", sa.String(), nullable=False),
        sa.Column("principal_name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("principal_document_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("principal_person_id", sa.Uuid(), nullable=True),
        sa.Column("relation", sa.String(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(status = 'active') <= (principal_person_id IS NOT NULL)",
            name=op.f("ck_mandates_active_needs_person"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'active', 'declined', 'revoked', 'expired')",
            name=op.f("ck_mandates_status"),
        ),
        sa.CheckConstraint("cardinality(scopes) > 0", name=op.f("ck_mandates_scopes")),
        sa.CheckConstraint(
            "principal_person_id <> holder_person_id", name=op.f("ck_mandates_not_for_oneself")
        ),
        sa.ForeignKeyConstraint(
            ["holder_account_id"], ["accounts.id"], name=op.f("fk_mandates_holder_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["holder_person_id"], ["persons.id"], name=op.f("fk_mandates_holder_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["principal_person_id"], ["persons.id"], name=op.f("fk_mandates_principal_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandates")),
    )
    op.create_index(
        op.f("ix_mandates_holder_account_id"), "mandates", ["holder_account_id"], unique=False
    )
    op.create_index("ix_mandates_principal_index", "mandates", ["principal_index"], unique=False)
    op.create_index(
        "ix_mandates_principal_person_id", "mandates", ["principal_person_id"], unique=False
    )
    op.create_index(
        "uq_mandates_living",
        "mandates",
        ["holder_person_id", "principal_index"],
        unique=True,
        postgresql_where=sa.text("status IN ('pending', 'active')"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("mandates")
