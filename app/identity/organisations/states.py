"""How an operator's authorisation moves. Pure: no session, no clock.

pending → active → ended | expired; pending → declined | ended | expired. What has ended stays so.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

#: States in which an authorisation is, or may become, good for something.
LIVING: Final = ("pending", "active")

OPERATOR: Final[Mapping[tuple[str, str], str]] = {
    ("pending", "accept"): "active",
    ("pending", "decline"): "declined",
    ("pending", "end"): "ended",
    ("active", "end"): "ended",
    ("pending", "expire"): "expired",
    ("active", "expire"): "expired",
}


class OperatorMoveRefused(Exception):
    """The table does not allow this move from this state."""


def move(state: str, by: str) -> str:
    """The state after `by`. Raises `OperatorMoveRefused`."""
    try:
        return OPERATOR[state, by]
    except KeyError:
        raise OperatorMoveRefused(f"{by} is not possible in state {state}") from None


def as_of(state: str, until: date, today: date) -> str:
    """The state that holds today, whether or not a sweep has stored it yet."""
    return "expired" if state in LIVING and until < today else state
