"""The verdict at a door: a pure function of what the code says and how its status stands.

A verdict never tells a health reason, is never green by default and never red by default.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from healthcode.colours import Colour, ShownColour
from healthcode.token import Claims, Refusal

Verdict = Literal["pass", "check", "refuse"]
Action = Literal["none", "refresh", "compare_id", "supervisor"]
DoorReason = Literal[
    "colour", "expired", "bad_signature", "unknown_key", "malformed", "revoked", "changed"
]


@dataclass(frozen=True)
class Standing:
    """How the status a code names stands now."""

    colour: ShownColour
    replaced_at: datetime | None
    valid_until: datetime | None

    def holds(self, colour: Colour, now: datetime) -> bool:
        """Whether it is still the person's status, and the colour the code shows."""
        lasts = self.valid_until is None or now < self.valid_until
        return self.replaced_at is None and lasts and self.colour == colour


@dataclass(frozen=True)
class Judgement:
    """What the door is told."""

    verdict: Verdict
    colour: ShownColour
    reasons: tuple[DoorReason, ...]
    action: Action


_BY_COLOUR: dict[Colour, Judgement] = {
    "green": Judgement("pass", "green", (), "none"),
    "yellow": Judgement("check", "yellow", ("colour",), "supervisor"),
    "red": Judgement("refuse", "red", ("colour",), "supervisor"),
}
_CHANGED = Judgement("check", "unknown", ("changed",), "refresh")
#: Nobody is accused: the code is old, was read in part only, or is a code of something else.
_SCAN_AGAIN: tuple[Refusal, ...] = ("expired", "malformed")
_REVOKED = Judgement("refuse", "unknown", ("revoked",), "supervisor")


def judge(claims: Claims, standing: Standing | None, now: datetime) -> Judgement:
    """The verdict on a code of ours. `standing` is None when we know no such status."""
    if standing is None:
        return _REVOKED
    if not standing.holds(claims.colour, now):
        return _CHANGED
    return _BY_COLOUR[claims.colour]


def judge_refused(refusal: Refusal) -> Judgement:
    """The verdict on what is no code of ours, or no longer good."""
    action: Action = "refresh" if refusal in _SCAN_AGAIN else "supervisor"
    return Judgement("refuse", "unknown", (refusal,), action)
