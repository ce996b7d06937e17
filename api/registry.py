"""The route table: who may call what, how strongly proved, and which relation is checked."""

from dataclasses import dataclass
from typing import Literal

from app.core.types import Level

#: `callbacks`: providers, who prove themselves by their signature, not by a token.
Audience = Literal["public", "citizen", "verifier", "ops", "callbacks"]
#: `anonymous`: nobody need be signed in. `operator`: only from addresses of the operators.
Admission = Literal["anonymous", "operator"] | Level


#: Whether `Idempotency-Key` replays the first answer. `money`: it is required and kept for ever.
Idempotency = Literal[False, "plain", "money"]


@dataclass(frozen=True)
class Route:
    """One line of the table."""

    rule: str
    methods: tuple[str, ...]
    audience: Audience
    level: Admission
    #: Which relation between actor and object the service checks, in a few words.
    policy: str
    idempotent: Idempotency
    #: Whether the view has a schema for its query; without one any query field is refused.
    takes_query: bool
    #: Whether a session opened at a door may call it as well.
    at_doors: bool
