"""How an officer's account moves: active ⇄ locked → left. Pure; who has left does not come back."""

from typing import Final

MOVES: Final = frozenset(
    {("active", "locked"), ("locked", "active"), ("active", "left"), ("locked", "left")}
)


def may_move(state: str, to: str) -> bool:
    """Whether the table allows this move."""
    return (state, to) in MOVES
