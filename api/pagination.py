"""Paging by cursor: an opaque text that says where the next page begins."""

import base64
import binascii
import json
import uuid
from datetime import datetime
from typing import Any

from app.core.errors import InvalidInput


class CursorRefused(InvalidInput):
    """The cursor was not made by us."""

    code = "invalid_cursor"
    zh = "翻页参数无效，请从第一页重新开始。"
    en = "The cursor is not valid; start again from the first page."


def encode(position: list[Any]) -> str:
    """The cursor for `position` (JSON values, in the order of the list's sort key)."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def decode(cursor: str | None, length: int) -> list[Any] | None:
    """The position in `cursor`; None for the first page. Raises `CursorRefused`."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        position = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise CursorRefused from None
    if not isinstance(position, list) or len(position) != length:
        raise CursorRefused
    return position


def encode_moment(at: datetime, row: uuid.UUID) -> str:
    """The cursor of a list that is sorted by time, then id."""
    return encode([at.isoformat(), str(row)])


def decode_moment(cursor: str | None) -> tuple[datetime, uuid.UUID] | None:
    """Time and id in `cursor`; None for the first page. Raises `CursorRefused`."""
    position = decode(cursor, 2)
    if position is None:
        return None
    try:
        at = datetime.fromisoformat(position[0])
    except (ValueError, TypeError):
        raise CursorRefused from None
    if at.tzinfo is None:
        raise CursorRefused
    return at, _id(position[1])


def encode_id(row: uuid.UUID) -> str:
    """The cursor of a list that is sorted by id, which grows with time."""
    return encode([str(row)])


def decode_id(cursor: str | None) -> uuid.UUID | None:
    """The id in `cursor`; None for the first page. Raises `CursorRefused`."""
    position = decode(cursor, 1)
    return None if position is None else _id(position[0])


def _id(value: object) -> uuid.UUID:
    try:
        return uuid.UUID(value)  # type: ignore[arg-type]
    except (ValueError, TypeError, AttributeError):
        raise CursorRefused from None
