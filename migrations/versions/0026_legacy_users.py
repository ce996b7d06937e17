"""Identity: users whom departments already had.

Revision ID: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "legacy_sources",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_legacy_sources"),
    )
    _imports()
    _users()


def downgrade() -> None:
    """Take them away; the departments have their files."""
    for table in ("legacy_users", "legacy_conflicts", "legacy_imports", "legacy_sources"):
        op.drop_table(table)


def _imports() -> None:
    counts = ("done", "linked", "created", "updated", "unchanged")
    op.create_table(
        "legacy_imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_legacy_imports"),
        sa.ForeignKeyConstraint(
            ["source"], ["legacy_sources.code"], name="fk_legacy_imports_source"
        ),
    )
    op.create_index(
        "uq_legacy_imports_unfinished",
        "legacy_imports",
        ["source", "digest"],
        unique=True,
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "legacy_conflicts",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "row", name="pk_legacy_conflicts"),
        sa.ForeignKeyConstraint(
            ["import_id"], ["legacy_imports.id"], name="fk_legacy_conflicts_import_id"
        ),
    )


def _users() -> None:
    op.create_table(
        "legacy_users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_index", sa.LargeBinary(), nullable=False),
        sa.Column("external_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("document_type", sa.String(), nullable=False),
        sa.Column("document_index", sa.LargeBinary(), nullable=False),
        sa.Column("document_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary()),
        sa.Column("registered_at", MOMENT),
        sa.Column("content_index", sa.LargeBinary(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("linked_account_id", sa.Uuid(), index=True),
        sa.Column("linked_at", MOMENT),
        sa.Column("unlinked_at", MOMENT),
        sa.CheckConstraint("(linked_account_id IS NULL) = (linked_at IS NULL)", name="linked"),
        sa.CheckConstraint("unlinked_at IS NULL OR linked_at IS NOT NULL", name="unlinked"),
        sa.PrimaryKeyConstraint("id", name="pk_legacy_users"),
        sa.UniqueConstraint(
            "source", "external_index", name="uq_legacy_users_source_external_index"
        ),
        sa.UniqueConstraint(
            "document_index", "source", name="uq_legacy_users_document_index_source"
        ),
        sa.ForeignKeyConstraint(["source"], ["legacy_sources.code"], name="fk_legacy_users_source"),
        sa.ForeignKeyConstraint(
            ["import_id"], ["legacy_imports.id"], name="fk_legacy_users_import_id"
        ),
        sa.ForeignKeyConstraint(
            ["linked_account_id"], ["accounts.id"], name="fk_legacy_users_linked_account_id"
        ),
    )
    op.create_index("ix_legacy_users_import", "legacy_users", ["import_id", "row"])
