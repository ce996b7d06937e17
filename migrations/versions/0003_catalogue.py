"""Catalogue: regions, themes, documents, ethnic groups, departments, matters, imports.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of the catalogue; `flask catalogue import` fills them."""
    _regions()
    _words()
    _matters()
    op.create_table(
        "catalogue_imports",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True)),
        sa.Column("content_hash", sa.String, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("counts", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_catalogue_imports"),
    )


def downgrade() -> None:
    """Drop them, in the order of their references."""
    for table in (
        *("catalogue_imports", "matters", "departments"),
        *("ethnic_groups", "document_types", "themes", "regions"),
    ):
        op.drop_table(table)


def _regions() -> None:
    op.create_table(
        "regions",
        sa.Column("code", sa.String),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("level", sa.SmallInteger, nullable=False),
        sa.Column("parent_code", sa.String),
        sa.Column("acts_as_county", sa.Boolean, nullable=False),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_until", sa.Date),
        sa.Column("demonstration", sa.Boolean, nullable=False),
        sa.Column("note", sa.String),
        sa.Column("withdrawn_at", MOMENT),
        sa.PrimaryKeyConstraint("code", name="pk_regions"),
        sa.ForeignKeyConstraint(["parent_code"], ["regions.code"], name="fk_regions_parent_code"),
        sa.CheckConstraint("code ~ '^[0-9]{12}$'", name="code"),
        sa.CheckConstraint("level BETWEEN 2 AND 6", name="level"),
        sa.CheckConstraint("(parent_code IS NULL) = (level = 2)", name="parent"),
        sa.CheckConstraint("NOT acts_as_county OR level = 3", name="acts_as_county"),
        sa.CheckConstraint("valid_until > valid_from", name="validity"),
    )
    op.create_index("ix_regions_parent_code", "regions", ["parent_code"])


def _words() -> None:
    _table(
        "themes",
        sa.Column("audience", sa.String, nullable=False),
        sa.Column("list", sa.String, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.CheckConstraint("audience IN ('person', 'organisation', 'both')", name="audience"),
        sa.CheckConstraint("list IN ('national', 'own')", name="list"),
    )
    _table(
        "document_types",
        sa.Column("name_en", sa.String, nullable=False),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.CheckConstraint("holder IN ('person', 'organisation')", name="holder"),
    )
    _table("ethnic_groups")
    _table(
        "departments",
        sa.Column("uscc", sa.String),
        sa.Column("name_inferred", sa.Boolean, nullable=False),
    )


def _table(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("code", sa.String),
        sa.Column("name", sa.String, nullable=False),
        *columns,
        sa.Column("withdrawn_at", MOMENT),
        sa.PrimaryKeyConstraint("code", name=f"pk_{name}"),
    )


def _matters() -> None:
    op.create_table(
        "matters",
        sa.Column("id", sa.Uuid),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("code_is_real", sa.Boolean, nullable=False),
        sa.Column("base_code", sa.String, nullable=False),
        sa.Column("impl_code", sa.String),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("item_name", sa.String),
        sa.Column("department_code", sa.String, nullable=False),
        sa.Column("theme_code", sa.String, nullable=False),
        sa.Column("for_person", sa.Boolean, nullable=False),
        sa.Column("for_organisation", sa.Boolean, nullable=False),
        sa.Column("matter_type", sa.String, nullable=False),
        sa.Column("levels", sa.ARRAY(sa.SmallInteger), nullable=False),
        sa.Column("legal_days", sa.Integer),
        sa.Column("promise_days", sa.Integer),
        sa.Column("days_origin", sa.String),
        sa.Column("handling", sa.String),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("in_menu", sa.Boolean, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("hot_rank", sa.Integer),
        sa.Column("online", sa.Boolean, nullable=False),
        sa.Column("visits", sa.SmallInteger),
        sa.Column("alias_of", sa.String),
        sa.Column("alias_reason", sa.String),
        sa.Column("search_text", sa.String, nullable=False),
        sa.Column("tokens", sa.ARRAY(sa.String), nullable=False),
        sa.Column("withdrawn_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_matters"),
        sa.UniqueConstraint("code", name="uq_matters_code"),
        *_references(),
        *_rules(),
    )
    for column in ("base_code", "theme_code", "alias_of"):
        op.create_index(f"ix_matters_{column}", "matters", [column])
    op.create_index("ix_matters_position", "matters", ["position", "code"])
    op.create_index("ix_matters_tokens", "matters", ["tokens"], postgresql_using="gin")


def _references() -> list[sa.schema.SchemaItem]:
    targets = {
        "department_code": "departments.code",
        "theme_code": "themes.code",
        "alias_of": "matters.code",
    }
    return [
        sa.ForeignKeyConstraint([column], [target], name=f"fk_matters_{column}")
        for column, target in targets.items()
    ]


def _rules() -> list[sa.schema.SchemaItem]:
    rules = {
        "audience": "for_person OR for_organisation",
        "levels": "cardinality(levels) > 0",
        "legal_days": "legal_days > 0",
        "promise_days": "promise_days > 0",
        "promise_within_legal": "promise_days <= legal_days",
        "days_origin": "(days_origin IS NULL) = (legal_days IS NULL AND promise_days IS NULL)",
        "visits": "visits >= 0",
        "handling": "handling IN ('即办件', '承诺件')",
        "origin": "origin IN ('hubei', 'document', 'list', 'known')",
        "real_code": "code_is_real = (origin = 'hubei')",
        "artificial_code": "code_is_real = (base_code !~ '^ZZ')",
        "impl_code": "code_is_real = (impl_code IS NOT NULL)",
        "alias_not_itself": "alias_of <> code",
        "alias_reason": "(alias_of IS NULL) = (alias_reason IS NULL)",
        "hot": "hot_rank IS NULL OR (in_menu AND alias_of IS NULL)",
    }
    return [sa.CheckConstraint(rule, name=name) for name, rule in rules.items()]
