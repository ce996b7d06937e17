"""How accounts, merges and closures move. Pure: no session, no clock."""

from collections.abc import Mapping
from typing import Final

Table = Mapping[tuple[str, str], str]

#: States in which somebody can sign in, which is when an account has a phone.
USABLE: Final = ("active", "closing")

#: 账号. What was closed stays closed; who comes back later gets another account.
ACCOUNT: Final[Table] = {
    #: Its number belongs to somebody else now (号码回收); its owner comes back by face.
    ("active", "lose_phone"): "phone_lost",
    ("phone_lost", "recover"): "active",
    ("active", "recover"): "active",
    #: It went on in another account of the same person (账号合并).
    ("active", "merge"): "merged",
    ("merged", "undo_merge"): "active",
    #: Closing (注销) waits; whoever signs in meanwhile has come back.
    ("active", "ask_closure"): "closing",
    ("closing", "come_back"): "active",
    ("closing", "close"): "closed",
}

#: 账号合并. `final`: the time for taking it back is over.
MERGE: Final[Table] = {
    ("done", "undo"): "undone",
    ("done", "expire"): "final",
}

#: 注销.
CLOSURE: Final[Table] = {
    ("waiting", "come_back"): "cancelled",
    ("waiting", "close"): "done",
}


class MoveRefused(Exception):
    """The transition table does not allow this move from this state."""


def move(table: Table, state: str, by: str) -> str:
    """The state after `by`. Raises `MoveRefused`."""
    try:
        return table[state, by]
    except KeyError:
        raise MoveRefused(f"{by} is not possible in state {state}") from None
