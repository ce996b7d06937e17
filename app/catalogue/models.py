"""Tables of the catalogue. Filled by `flask catalogue import` alone; nothing is ever deleted.

A matter is here what a person picks in the menu. The base matter, its implementation at each office
and the versions in time come beside this table, keyed by the same codes.
"""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    String,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Region(Base):
    """An administrative division of Hubei, or of the demonstration."""

    __tablename__ = "regions"
    __table_args__ = (
        CheckConstraint("code ~ '^[0-9]{12}$'", name="code"),
        CheckConstraint("level BETWEEN 2 AND 6", name="level"),
        CheckConstraint("(parent_code IS NULL) = (level = 2)", name="parent"),
        CheckConstraint("NOT acts_as_county OR level = 3", name="acts_as_county"),
        CheckConstraint("valid_until > valid_from", name="validity"),
    )

    #: 12 digits; the first six are GB/T 2260.
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    #: 2 province, 3 city, 4 county, 5 town, 6 village.
    level: Mapped[int] = mapped_column(SmallInteger)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"), index=True)
    #: 省直管: one of the 17 市州 and a county-level unit at once.
    acts_as_county: Mapped[bool]
    #: The day its code and name were approved; null when not known for certain.
    valid_from: Mapped[date | None]
    #: The first day on which it no longer stood; null while it stands.
    valid_until: Mapped[date | None]
    #: An invented place of the demonstration.
    demonstration: Mapped[bool]
    note: Mapped[str | None]
    #: When an import no longer held it.
    withdrawn_at: Mapped[datetime | None]


class Theme(Base):
    """A heading of the menu."""

    __tablename__ = "themes"
    __table_args__ = (
        CheckConstraint("audience IN ('person', 'organisation', 'both')", name="audience"),
        CheckConstraint("list IN ('national', 'own')", name="list"),
    )

    #: 1nn the national list for persons, 2nn that for organisations, 3nn the project's own.
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    #: Which list it stands in; an entry's own audience decides in whose menu it appears.
    audience: Mapped[str]
    #: `national`, or `own` where the national lists have no such heading.
    list: Mapped[str]
    #: Order of the headings.
    position: Mapped[int]
    withdrawn_at: Mapped[datetime | None]


class DocumentType(Base):
    """A kind of identity document."""

    __tablename__ = "document_types"
    __table_args__ = (CheckConstraint("holder IN ('person', 'organisation')", name="holder"),)

    #: The word used in the API, e.g. `resident_id`.
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_en: Mapped[str]
    holder: Mapped[str]
    position: Mapped[int]
    withdrawn_at: Mapped[datetime | None]


class EthnicGroup(Base):
    """A code of GB/T 3304."""

    __tablename__ = "ethnic_groups"

    #: Two digits; 97 and 98 stand for others and for naturalised foreigners.
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    withdrawn_at: Mapped[datetime | None]


class Department(Base):
    """Who answers for a matter, as its source names it: an office, or a kind of office."""

    __tablename__ = "departments"

    #: The 统一社会信用代码 where it is one office, else `ZZnnn`.
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    #: Null for a kind of office (every county's, say).
    uscc: Mapped[str | None]
    #: The code is real, but the name was concluded from other facts.
    name_inferred: Mapped[bool]
    withdrawn_at: Mapped[datetime | None]


class Matter(Base):
    """One entry: of the menu, or a further item of a Hubei office."""

    __tablename__ = "matters"
    __table_args__ = (
        CheckConstraint("for_person OR for_organisation", name="audience"),
        CheckConstraint("cardinality(levels) > 0", name="levels"),
        CheckConstraint("legal_days > 0", name="legal_days"),
        CheckConstraint("promise_days > 0", name="promise_days"),
        CheckConstraint("promise_days <= legal_days", name="promise_within_legal"),
        CheckConstraint(
            "(days_origin IS NULL) = (legal_days IS NULL AND promise_days IS NULL)",
            name="days_origin",
        ),
        CheckConstraint("visits >= 0", name="visits"),
        CheckConstraint("handling IN ('即办件', '承诺件')", name="handling"),
        CheckConstraint("origin IN ('hubei', 'document', 'list', 'known')", name="origin"),
        CheckConstraint("code_is_real = (origin = 'hubei')", name="real_code"),
        CheckConstraint("code_is_real = (base_code !~ '^ZZ')", name="artificial_code"),
        CheckConstraint("code_is_real = (impl_code IS NOT NULL)", name="impl_code"),
        CheckConstraint("alias_of <> code", name="alias_not_itself"),
        CheckConstraint("(alias_of IS NULL) = (alias_reason IS NULL)", name="alias_reason"),
        CheckConstraint("hot_rank IS NULL OR (in_menu AND alias_of IS NULL)", name="hot"),
        Index("ix_matters_tokens", "tokens", postgresql_using="gin"),
        Index("ix_matters_position", "position", "code"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: The 业务编码 (33) when real, else the artificial base code.
    code: Mapped[str] = mapped_column(unique=True)
    code_is_real: Mapped[bool]
    #: 基本编码 (12), or an artificial one that begins with ZZ.
    base_code: Mapped[str] = mapped_column(index=True)
    #: 实施编码 (31); null where the real one is not known.
    impl_code: Mapped[str | None]
    name: Mapped[str]
    #: The handling item (业务办理项), where the matter has several.
    item_name: Mapped[str | None]
    department_code: Mapped[str] = mapped_column(ForeignKey("departments.code"))
    theme_code: Mapped[str] = mapped_column(ForeignKey("themes.code"), index=True)
    for_person: Mapped[bool]
    for_organisation: Mapped[bool]
    #: 事项类型 in its own words, e.g. 行政许可.
    matter_type: Mapped[str]
    #: At which levels offices handle it, ascending: 2 province … 6 village.
    levels: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    #: Working days by law; null when unknown, never 0.
    legal_days: Mapped[int | None]
    #: Working days promised; null when unknown, never 0.
    promise_days: Mapped[int | None]
    #: Where the days come from: `sample` until a department has confirmed them.
    days_origin: Mapped[str | None]
    #: 即办件 decided on the spot, 承诺件 within the promised days; null when unknown.
    handling: Mapped[str | None]
    #: Where the entry comes from: `hubei` a real item, `document` named in a source document,
    #: `list` from a county's list, `known` a well-known matter.
    origin: Mapped[str]
    in_menu: Mapped[bool]
    #: Order within menu and list.
    position: Mapped[int]
    #: Rank in the editorial list of what is asked for most; null when not in it.
    hot_rank: Mapped[int | None]
    #: Whether it can be done online. False until a source says so, or it can be done here.
    online: Mapped[bool]
    #: How often one must come in person; null when unknown.
    visits: Mapped[int | None] = mapped_column(SmallInteger)
    #: The scheme whose bills can be paid here for this entry; null where there is nothing to pay.
    pay_scheme: Mapped[str | None]
    #: The entry whose action this near-duplicate shares.
    alias_of: Mapped[str | None] = mapped_column(ForeignKey("matters.code"), index=True)
    #: Why they are the same, for whoever reviews it.
    alias_reason: Mapped[str | None]
    #: The folded names, in which a whole query is looked for.
    search_text: Mapped[str]
    #: Pairs of characters and words of the names, and the codes.
    tokens: Mapped[list[str]] = mapped_column(ARRAY(String))
    #: When an import no longer held it.
    withdrawn_at: Mapped[datetime | None]


class CatalogueImport(Base):
    """One import that changed something. The newest is the catalogue's version."""

    __tablename__ = "catalogue_imports"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    #: SHA-256 over all tables and the rules that read them.
    content_hash: Mapped[str]
    at: Mapped[datetime]
    #: What it held, by name.
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
