"""Reading the tables: files, headers, cells. What the cells mean is checked elsewhere."""

import csv
import hashlib
import io
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from app.catalogue.findings import Finding

#: The tables in the folder, and their headers.
COLUMNS: dict[str, tuple[str, ...]] = {
    "regions.csv": (
        *("code", "name", "level", "parent_code", "acts_as_county"),
        *("valid_from", "valid_until", "demonstration", "note"),
    ),
    "themes.csv": ("code", "name", "audience", "list", "position"),
    "document_types.csv": ("code", "name", "name_en", "holder", "position"),
    "ethnic_groups.csv": ("code", "name"),
    "departments.csv": ("code", "name", "uscc", "name_inferred"),
    "matters.csv": (
        *("menu", "name", "item_name", "department", "theme", "service_object", "matter_type"),
        *("level", "base_code", "impl_code", "transact_code"),
        *("legal_days", "promise_days", "days_origin", "handling", "origin"),
    ),
    "aliases.csv": ("alias_code", "alias_name", "canonical_code", "canonical_name", "reason"),
    "hot.csv": ("rank", "code", "name", "reason"),
    "everyday_words.csv": ("words", "code", "name"),
    "paid_here.csv": ("code", "name", "scheme", "reason"),
}
#: Cells that may stay empty.
OPTIONAL = {
    *("parent_code", "valid_from", "valid_until", "note", "uscc", "menu", "item_name"),
    *("base_code", "impl_code", "transact_code"),
    *("legal_days", "promise_days", "days_origin", "handling"),
}
#: Tables that may be without rows; any other empty table would withdraw everything.
MAY_BE_EMPTY = {"aliases.csv", "hot.csv", "everyday_words.csv", "paid_here.csv"}
#: Characters in one cell.
LONGEST = 300
#: Raised whenever the same tables would be read into other rows, so that they are imported anew.
RULES = 2


@dataclass
class Notes:
    """The findings so far."""

    found: list[Finding] = field(default_factory=list)

    def add(self, row: "Row", column: str, zh: str, en: str) -> None:
        """Note that a cell of `row` is wrong."""
        self.found.append(Finding(row.file, row.number, column, zh, en))


@dataclass(frozen=True)
class Row:
    """One line of a table. Every column is there; an empty cell is an empty text."""

    file: str
    #: The line in the file; the header is line 1.
    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


def read_tables(directory: Path, notes: Notes) -> tuple[dict[str, list[Row]], str]:
    """All tables of the folder, and the hash of what they say."""
    tables: dict[str, list[Row]] = {}
    digest = hashlib.sha256(f"rules {RULES}\n".encode())
    for file, columns in COLUMNS.items():
        before = len(notes.found)
        content = _content(directory / file, notes)
        digest.update(f"{file} {len(content)}\n{content}".encode())
        readable = len(notes.found) == before
        tables[file] = list(_rows(file, columns, content, notes)) if readable else []
        if not tables[file] and file not in MAY_BE_EMPTY and len(notes.found) == before:
            notes.add(Row(file, 1, {}), "-", "表中没有内容。", "The table has no rows.")
    return tables, digest.hexdigest()


def _content(path: Path, notes: Notes) -> str:
    nowhere = Row(path.name, 1, {})
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError:
        notes.add(nowhere, "-", "文件无法读取。", "The file cannot be read.")
    except UnicodeDecodeError:
        notes.add(nowhere, "-", "文件不是 UTF-8 编码。", "The file is not UTF-8.")
    return ""


def _rows(file: str, columns: tuple[str, ...], content: str, notes: Notes) -> Iterable[Row]:
    reader = csv.reader(io.StringIO(content), strict=True)
    try:
        if tuple(next(reader, ())) != columns:
            heads = ",".join(columns)
            here = Row(file, 1, {})
            notes.add(here, "-", f"表头应为 {heads}。", f"The header must be {heads}.")
            return
        for cells in reader:
            row = Row(file, reader.line_num, dict(zip(columns, cells, strict=False)))
            if len(cells) != len(columns):
                wanted = len(columns)
                notes.add(row, "-", f"应有 {wanted} 列。", f"There must be {wanted} cells.")
            elif _legible(row, notes):
                yield row
    except csv.Error as error:
        here = Row(file, reader.line_num, {})
        notes.add(here, "-", "不是有效的 CSV。", f"This is not CSV: {error}.")


def _legible(row: Row, notes: Notes) -> bool:
    before = len(notes.found)
    for column, text in row.cells.items():
        if not text and column not in OPTIONAL:
            notes.add(row, column, "不能为空。", "It must not be empty.")
        elif text != text.strip():
            notes.add(row, column, "首尾有空白。", "It begins or ends with blanks.")
        elif len(text) > LONGEST:
            notes.add(row, column, f"超过 {LONGEST} 字。", f"It exceeds {LONGEST} characters.")
        elif any(unicodedata.category(character)[0] == "C" for character in text):
            notes.add(row, column, "含控制字符。", "It contains control characters.")
    return len(notes.found) == before


def flag(row: Row, column: str, notes: Notes, yes: str = "1", no: str = "0") -> bool:
    """A cell that says yes or no."""
    if row[column] not in (yes, no):
        notes.add(row, column, f"只能是“{yes}”或“{no}”。", f"It must be {yes!r} or {no!r}.")
    return row[column] == yes


def whole(row: Row, column: str, notes: Notes, most: int = 1_000_000) -> int | None:
    """A whole number from 1, or None when the cell is empty or wrong."""
    text = row[column]
    if not text:
        return None
    if text.isascii() and text.isdigit() and not text.startswith("0") and int(text) <= most:
        return int(text)
    notes.add(
        row,
        column,
        f"应为 1 至 {most} 的整数；未知则留空，不能写 0。",
        f"It must be a whole number from 1 to {most}; unknown stays empty, never 0.",
    )
    return None


def day(row: Row, column: str, notes: Notes) -> date | None:
    """A date, or None when the cell is empty or wrong."""
    try:
        return date.fromisoformat(row[column]) if row[column] else None
    except ValueError:
        notes.add(row, column, "日期应写作 YYYY-MM-DD。", "A date is written YYYY-MM-DD.")
        return None


def choice(row: Row, column: str, allowed: Iterable[str], notes: Notes) -> str:
    """A cell that holds one of a few words."""
    words = [word for word in allowed if word]
    if row[column] not in allowed:
        listed = " / ".join(words)
        notes.add(row, column, f"应为 {listed}。", f"It must be one of {listed}.")
    return row[column]


def once(rows: list[Row], what: Callable[[Row], object], column: str, notes: Notes) -> None:
    """Note every row that repeats an earlier one."""
    first: dict[object, int] = {}
    for row in rows:
        line = first.setdefault(what(row), row.number)
        if line != row.number:
            notes.add(row, column, f"与第 {line} 行重复。", f"It repeats line {line}.")
