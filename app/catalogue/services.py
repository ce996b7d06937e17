"""Importing the tables: every row checked, everything stored or nothing."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from app.catalogue import storing
from app.catalogue.errors import ImportRunning, RowsRefused
from app.catalogue.link_checks import (
    apply_aliases,
    apply_everyday_words,
    apply_hot,
    apply_paid_here,
)
from app.catalogue.matter_checks import Known, check_matters
from app.catalogue.models import CatalogueImport
from app.catalogue.reference_checks import (
    Values,
    check_departments,
    check_document_types,
    check_ethnic_groups,
    check_regions,
    check_themes,
)
from app.catalogue.tables import Notes, Row, read_tables
from app.core import clock
from app.core.db import Session

#: The project's own tables.
DATA = Path(__file__).parent / "data"
#: Transaction lock: two imports at once would mark each other's rows as withdrawn.
_LOCK = 4_200_000_003

#: Told how many rows are stored, of how many.
Progress = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Imported:
    """What an import did."""

    #: The catalogue's version.
    version: int
    content_hash: str
    counts: dict[str, Any]
    #: False when the tables said what was stored already.
    changed: bool
    #: Rows that are no longer in the tables.
    withdrawn: int = 0


def import_catalogue(
    session: Session, directory: Path = DATA, progress: Progress = silent
) -> Imported:
    """Bring the database to what the tables in `directory` say.

    Unchanged tables change nothing. Rows are found again by their code; rows no longer in the tables
    are marked as withdrawn. Raises `RowsRefused` with every finding, `ImportRunning`.
    """
    tables, content_hash = checked_tables(directory)
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        raise ImportRunning
    newest = session.scalar(select(CatalogueImport).order_by(CatalogueImport.id.desc()).limit(1))
    if newest is not None and newest.content_hash == content_hash:
        return Imported(newest.id, content_hash, newest.counts, changed=False)
    at = clock.now()
    withdrawn = storing.store(session, tables, at, progress)
    made = CatalogueImport(content_hash=content_hash, at=at, counts=count(tables))
    session.add(made)
    session.flush()
    return Imported(made.id, content_hash, made.counts, changed=True, withdrawn=withdrawn)


def checked_tables(directory: Path = DATA) -> tuple[dict[str, list[Values]], str]:
    """All rows as they go into the database, and their hash. Raises `RowsRefused`."""
    notes = Notes()
    rows, content_hash = read_tables(directory, notes)
    tables = _check(rows, notes)
    if notes.found:
        raise RowsRefused(sorted(notes.found))
    return tables, content_hash


def _check(rows: dict[str, list[Row]], notes: Notes) -> dict[str, list[Values]]:
    tables = {
        "regions": check_regions(rows["regions.csv"], notes),
        "themes": check_themes(rows["themes.csv"], notes),
        "document_types": check_document_types(rows["document_types.csv"], notes),
        "ethnic_groups": check_ethnic_groups(rows["ethnic_groups.csv"], notes),
        "departments": check_departments(rows["departments.csv"], notes),
    }
    known = Known(
        themes={values["name"]: values["code"] for values in tables["themes"]},
        departments={values["name"]: values["code"] for values in tables["departments"]},
    )
    matters = check_matters(rows["matters.csv"], known, notes)
    by_code = {values["code"]: values for values in matters}
    apply_aliases(rows["aliases.csv"], by_code, notes)
    apply_hot(rows["hot.csv"], by_code, notes)
    apply_everyday_words(rows["everyday_words.csv"], by_code, notes)
    apply_paid_here(rows["paid_here.csv"], by_code, notes)
    # An alias may refer to its canonical entry only once that is stored.
    tables["matters"] = sorted(matters, key=lambda values: values["alias_of"] is not None)
    return tables


def count(tables: dict[str, list[Values]]) -> dict[str, Any]:
    """What the tables hold, by name."""
    menu = [values for values in tables["matters"] if values["in_menu"]]
    regions = [values for values in tables["regions"] if not values["valid_until"]]
    real = [values for values in regions if not values["demonstration"]]
    return {
        "menu": len(menu),
        "menu_real": sum(values["code_is_real"] for values in menu),
        "menu_artificial": sum(not values["code_is_real"] for values in menu),
        "aliases": sum(values["alias_of"] is not None for values in menu),
        "further": len(tables["matters"]) - len(menu),
        "paid_here": sum(values["pay_scheme"] is not None for values in menu),
        "hot": sum(values["hot_rank"] is not None for values in menu),
        "levels": dict(sorted(Counter("/".join(map(str, v["levels"])) for v in menu).items())),
        "provinces": sum(values["level"] == 2 for values in real),
        "cities": sum(values["level"] == 3 for values in real),
        "counties": sum(values["level"] == 4 or values["acts_as_county"] for values in real),
        "demonstration_regions": sum(values["demonstration"] for values in regions),
        "retired_regions": len(tables["regions"]) - len(regions),
        "themes": len(tables["themes"]),
        "departments": len(tables["departments"]),
        "document_types": len(tables["document_types"]),
        "ethnic_groups": len(tables["ethnic_groups"]),
    }
