"""Identifiers: UUIDv7, so that keys grow with time and index pages stay warm."""

import uuid

from uuid_utils.compat import uuid7

__all__ = ["new_id", "parse_id"]


def new_id() -> uuid.UUID:
    """A fresh UUIDv7 (RFC 9562)."""
    return uuid7()


def parse_id(text: str) -> uuid.UUID | None:
    """The UUID that `text` spells in canonical form, or None."""
    try:
        value = uuid.UUID(text)
    except ValueError:
        return None
    return value if str(value) == text.lower() else None
