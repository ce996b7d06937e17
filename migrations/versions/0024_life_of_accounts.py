"""Identity: accounts lose phones, merge, close and come back; sessions that must be proved anew.

Revision ID: 0024
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"

MOMENT = sa.DateTime(timezone=True)
STATES = "state IN ('active', 'phone_lost', 'merged', 'closing', 'closed')"


def upgrade() -> None:
    """Add what an account can become, and what remembers it."""
    op.add_column("accounts", sa.Column("phone_changed_at", MOMENT))
    op.add_column(
        "accounts", sa.Column("state", sa.String(), nullable=False, server_default="active")
    )
    op.alter_column("accounts", "phone_index", nullable=True)
    op.alter_column("accounts", "phone_sealed", nullable=True)
    op.create_check_constraint("state", "accounts", STATES)
    op.create_check_constraint(
        "usable_has_phone",
        "accounts",
        "(state IN ('active', 'closing')) = (phone_index IS NOT NULL)",
    )
    op.create_check_constraint(
        "phone", "accounts", "(phone_index IS NULL) = (phone_sealed IS NULL)"
    )
    op.add_column(
        "session_families",
        sa.Column("unproved", sa.Boolean(), nullable=False, server_default="false"),
    )
    _merges()
    _closures()
    _proofs()
    op.create_table(
        "security_texts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, index=True),
        sa.Column("sent_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_security_texts"),
    )


def downgrade() -> None:
    """Take it away. Accounts without a phone get one that nobody can have: no code ever goes there."""
    for table in (
        "security_texts",
        "account_face_proofs",
        "account_closures",
        "account_merge_things",
        "account_merges",
    ):
        op.drop_table(table)
    # An older release would take these sessions for proved.
    op.execute(
        "UPDATE session_families SET ended_at = now(), ended_because = 'remote'"
        " WHERE unproved AND ended_at IS NULL"
    )
    op.drop_column("session_families", "unproved")
    for name in ("phone", "usable_has_phone", "state"):
        op.drop_constraint(name, "accounts", type_="check")
    op.execute(
        "UPDATE accounts SET phone_index = decode(replace(id::text, '-', ''), 'hex'),"
        " phone_sealed = '' WHERE phone_index IS NULL"
    )
    op.alter_column("accounts", "phone_sealed", nullable=False)
    op.alter_column("accounts", "phone_index", nullable=False)
    op.drop_column("accounts", "state")
    op.drop_column("accounts", "phone_changed_at")


def _merges() -> None:
    op.create_table(
        "account_merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary()),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("undo_until", MOMENT, nullable=False, index=True),
        sa.Column("undone_at", MOMENT),
        sa.CheckConstraint("state IN ('done', 'undone', 'final')", name="state"),
        sa.CheckConstraint("(state = 'final') = (phone_sealed IS NULL)", name="phone"),
        sa.PrimaryKeyConstraint("id", name="pk_account_merges"),
        sa.ForeignKeyConstraint(
            ["survivor_id"], ["accounts.id"], name="fk_account_merges_survivor_id"
        ),
        sa.ForeignKeyConstraint(["other_id"], ["accounts.id"], name="fk_account_merges_other_id"),
    )
    living = {"unique": True, "postgresql_where": sa.text("state = 'done'")}
    op.create_index("uq_account_merges_living", "account_merges", ["other_id"], **living)
    op.create_index("ix_account_merges_survivor", "account_merges", ["survivor_id", "at"])
    op.create_table(
        "account_merge_things",
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("merge_id", "kind", "key", name="pk_account_merge_things"),
        sa.ForeignKeyConstraint(
            ["merge_id"], ["account_merges.id"], name="fk_account_merge_things_merge_id"
        ),
    )


def _closures() -> None:
    op.create_table(
        "account_closures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("kept", JSONB(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'cancelled', 'done')", name="state"),
        sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended"),
        sa.PrimaryKeyConstraint("id", name="pk_account_closures"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_account_closures_account_id"
        ),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "uq_account_closures_waiting",
        "account_closures",
        ["account_id"],
        unique=True,
        postgresql_where=waiting,
    )
    op.create_index(
        "ix_account_closures_due", "account_closures", ["due_on"], postgresql_where=waiting
    )


def _proofs() -> None:
    op.create_table(
        "account_face_proofs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_account_face_proofs"),
        sa.ForeignKeyConstraint(
            ["family_id"],
            ["session_families.id"],
            name="fk_account_face_proofs_family_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name="fk_account_face_proofs_person_id"
        ),
    )
