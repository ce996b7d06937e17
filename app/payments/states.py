"""How orders, lines, attempts and bookings move. Pure: no session, no clock.

A move that a table does not name is refused; a payment confirmed twice is not a move at all, because
the event's uniqueness stops it earlier.
"""

from collections.abc import Mapping
from typing import Final

Table = Mapping[tuple[str, str], str]


class MoveRefused(Exception):
    """The transition table does not allow this move from this state."""

    def __init__(self, state: str, move: str) -> None:
        super().__init__(f"{move} is not possible in state {state}")
        self.state = state
        self.move = move


#: 订单. `held`: something does not fit and a person must look; the order itself waits for that, its
#: lines are booked all the same unless their money may have gone back.
ORDER: Final[Table] = {
    ("awaiting_payment", "pay"): "paid",
    ("awaiting_payment", "expire"): "closed",
    ("awaiting_payment", "cancel"): "closed",
    ("awaiting_payment", "hold"): "held",
    ("paid", "settle"): "settled",
    ("paid", "hold"): "held",
    #: Money came after the order was closed: it is kept safe until it is returned.
    ("closed", "hold"): "held",
    #: A person has looked: a paid order goes on, an unpaid one ends.
    ("held", "resume"): "paid",
    ("held", "release"): "closed",
}

#: 订单明细: one bill within an order.
LINE: Final[Table] = {
    ("open", "pay"): "paid",
    ("open", "close"): "closed",
    ("paid", "settle"): "settled",
}

#: 支付尝试: one go at one provider.
ATTEMPT: Final[Table] = {
    ("preparing", "open"): "open",
    ("preparing", "fail"): "failed",
    ("open", "pay"): "paid",
    ("open", "close"): "closed",
    #: The provider may confirm while our answer to the opening was lost, or after we gave up.
    ("preparing", "pay"): "paid",
    ("closed", "pay"): "paid",
    ("failed", "pay"): "paid",
}

#: 部门入账: telling the department that its bill is paid.
BOOKING: Final[Table] = {
    ("pending", "book"): "booked",
    ("pending", "refuse"): "refused",
    ("refused", "retry"): "pending",
}


def move(table: Table, state: str, by: str) -> str:
    """The state after `by`. Raises `MoveRefused`."""
    try:
        return table[state, by]
    except KeyError:
        raise MoveRefused(state, by) from None
