"""Reading a department's file: its columns, and each row as a user or the reason why not."""

import csv
import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from app.core import clock
from app.identity import phones
from app.identity.documents import Document, normalise_name, parse_document
from app.identity.legacy.errors import FileRefused

COLUMNS: Final = (
    *("external_id", "phone", "name"),
    *("document_type", "document_number", "registered_at"),
)
#: Characters in one cell.
LONGEST = 100

#: Why a row was not taken → its words.
REASONS: Final = {
    "row_malformed": "列数、长度或字符不符 columns, length or characters",
    "external_id_missing": "缺少系统内编号 no external_id",
    "name_missing": "缺少姓名 no name",
    "document_invalid": "证件类型或号码不正确 document_type or document_number is not valid",
    "phone_invalid": "手机号不正确 phone is not valid",
    "registered_at_invalid": "注册时间不正确 registered_at is not a past date or time",
    "external_id_repeated": "编号在文件中重复 external_id stands in the file twice",
    "person_repeated": "同一证件已属该系统另一编号 another external_id has this document",
}


@dataclass(frozen=True)
class Record:
    """One user of a department's system, checked."""

    external_id: str
    name: str
    document: Document
    #: E.164.
    phone: str | None
    registered_at: datetime | None


@dataclass(frozen=True)
class Examined:
    """A file before it is imported."""

    path: Path
    digest: bytes
    rows: int


def examine(path: Path) -> Examined:
    """Digest and number of rows. Raises `FileRefused` where header or text cannot be read."""
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").digest()
    return Examined(path, digest, sum(1 for _ in rows(path)))


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows after the header. Raises `FileRefused`."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        try:
            if sorted(reader.fieldnames or ()) != sorted(COLUMNS):
                raise FileRefused(why="须为 columns: " + ", ".join(COLUMNS))
            yield from reader
        except UnicodeDecodeError:
            raise FileRefused(why="须为 must be UTF-8") from None
        except csv.Error as error:
            raise FileRefused(why=f"line {reader.line_num}: {error}") from None


def parse(row: dict[str, str], today: date) -> Record | str:
    """The user, or the reason (a key of `REASONS`) why the row cannot be taken."""
    if set(row) != set(COLUMNS) or not all(map(_clean, row.values())):
        return "row_malformed"
    cell = {name: text.strip() for name, text in row.items()}
    name = normalise_name(cell["name"])
    if not cell["external_id"]:
        return "external_id_missing"
    if not name:
        return "name_missing"
    document = parse_document(cell["document_type"], cell["document_number"], today)
    if document is None:
        return "document_invalid"
    phone = phones.normalise(cell["phone"])
    if phone is None and cell["phone"]:
        return "phone_invalid"
    try:
        registered_at = _moment(cell["registered_at"])
    except ValueError:
        return "registered_at_invalid"
    return Record(cell["external_id"], name, document, phone, registered_at)


def _clean(text: str | None) -> bool:
    if text is None or len(text) > LONGEST:
        return False
    return not any(unicodedata.category(each) in ("Cc", "Cs", "Cn") for each in text)


def _moment(text: str) -> datetime | None:
    """ISO 8601; without an offset it is legal time. Raises `ValueError`, also for the future."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=clock.SHANGHAI)
    if not date(1949, 10, 1) <= moment.date() or moment > clock.now():
        raise ValueError(text)
    return moment.astimezone(UTC)
