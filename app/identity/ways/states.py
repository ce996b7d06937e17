"""What may become of a sign-in by QR code."""

WAITING, CONFIRMED, DECLINED, CLAIMED = "waiting", "confirmed", "declined", "claimed"

#: From → what it may become.
MOVES = {
    WAITING: frozenset({CONFIRMED, DECLINED}),
    CONFIRMED: frozenset({CLAIMED, DECLINED}),
    DECLINED: frozenset[str](),
    CLAIMED: frozenset[str](),
}


def may_become(state: str, wanted: str) -> bool:
    """Whether the move is allowed."""
    return wanted in MOVES[state]
