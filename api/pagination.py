"""Paging by cursor: an opaque text that says where the next page begins."""

import base64
import binascii
import json
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
