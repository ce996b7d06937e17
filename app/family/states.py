"""How a mandate moves. Pure: no session, no clock.

pending → active → revoked | expired; pending → declined | revoked | expired. What has ended stays so.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

#: States in which a mandate is, or may become, good for something.
LIVING: Final = ("pending", "active")

MANDATE: Final[Mapping[tuple[str, str], str]] = {
    ("pending", "accept"): "active",
    ("pending", "decline"): "declined",
    ("pending", "revoke"): "revoked",
    ("active", "revoke"): "revoked",
    ("pending", "expire"): "expired",
    ("active", "expire"): "expired",
}


class MandateMoveRefused(Exception):
    """The table does not allow this move from this state."""


def move(state: str, by: str) -> str:
    """The state after `by`. Raises `MandateMoveRefused`."""
    try:
        return MANDATE[state, by]
    except KeyError:
        raise MandateMoveRefused(f"{by} is not possible in state {state}") from None


def as_of(state: str, until: date, today: date) -> str:
    """The state that holds today, whether or not a sweep has stored it yet."""
    return "expired" if state in LIVING and until < today else state
