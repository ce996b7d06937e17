"""What every carrier of knocks has in common."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

#: `sent` the carrier has it · `again` try later · `refused` never, but the phone is well ·
#: `gone` the phone is no longer there, or never was ours.
Outcome = Literal["sent", "again", "refused", "gone"]


@dataclass(frozen=True)
class Knock:
    """One neutral message to one phone: no name, no value, only which notice to fetch."""

    notice_id: uuid.UUID
    token: str
    title: str
    body: str


@dataclass(frozen=True)
class Result:
    """What became of one knock."""

    outcome: Outcome
    #: Stable word for what went wrong; empty when nothing did.
    error: str = ""
    #: Seconds the carrier asks us to wait.
    retry_after: int = 0


class PushProvider(Protocol):
    """Carries knocks to phones."""

    def send(self, knocks: Sequence[Knock]) -> list[Result]:
        """Try each, and say of each what became of it, in the same order.

        One bad token changes nothing for the others, and nothing is raised: a carrier that cannot
        be reached answers `again` for all. Knocking twice for one notice shows one message.
        """
