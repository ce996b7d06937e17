"""The shipped tables, imported into the test's transaction."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.catalogue.services import DATA, Imported, import_catalogue
from app.core.db import Session

Change = Callable[[list[dict[str, str]]], None]


@pytest.fixture
def imported(session: Session) -> Imported:
    """The project's own tables, imported."""
    return import_catalogue(session)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the project's own tables, to spoil."""
    return Path(shutil.copytree(DATA, tmp_path / "tables"))


@pytest.fixture
def edit(folder: Path) -> Callable[[str, Change], None]:
    """`edit("matters.csv", change)` lets `change` alter the rows of a table in `folder`."""

    def apply(file: str, change: Change) -> None:
        with (folder / file).open(encoding="utf-8", newline="") as opened:
            reader = csv.DictReader(opened)
            rows, columns = list(reader), reader.fieldnames or []
        change(rows)
        with (folder / file).open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    return apply
