"""Identity: a person is known by any kind of document; the kind is part of the blind index.

Revision ID: 0014
"""

from alembic import op

revision = "0014"
down_revision = "0013"

BOTH = "uq_persons_document_type_document_index"
ONE = "uq_persons_document_index"


def upgrade() -> None:
    """Find people by the index alone."""
    op.create_unique_constraint(ONE, "persons", ["document_index"])
    op.drop_constraint(BOTH, "persons")


def downgrade() -> None:
    """Find them by kind and index."""
    op.create_unique_constraint(BOTH, "persons", ["document_type", "document_index"])
    op.drop_constraint(ONE, "persons")
