"""The route table: who may call what, how strongly proved, and which relation is checked."""

from dataclasses import dataclass
from typing import Literal

from app.core.types import Level
from app.identity.staff.models import Role

#: `callbacks`: providers, who prove themselves by their signature, not by a token.
#: `openid`: department sites and browsers on our pages, in the manner of OAuth (api/oidc).
Audience = Literal["public", "citizen", "verifier", "officer", "ops", "callbacks", "openid"]
#: `anonymous`: nobody need be signed in. `operator`: only from addresses of the operators.
#: `second_factor`: an officer, who always signs in with two.
Admission = Literal["anonymous", "operator", "second_factor"] | Level


#: For whom a citizen may call it: `self` for themselves alone, `organisation` also for one, whose right
#: is then read anew, `any` where it makes no difference (the session itself).
ActsFor = Literal["self", "organisation", "any"]
#: Whether `Idempotency-Key` replays the first answer. `money`: it is required and kept for ever.
Idempotency = Literal[False, "plain", "money"]


@dataclass(frozen=True)
class Route:
    """One line of the table."""

    rule: str
    methods: tuple[str, ...]
    audience: Audience
    #: Where the description has it: a title of `chapters.CHAPTERS`.
    chapter: str
    level: Admission
    #: Which relation between actor and object the service checks, in a few words.
    policy: str
    idempotent: Idempotency
    #: Whether the view has a schema for its query; without one any query field is refused.
    takes_query: bool
    #: Whether a session opened at a door may call it as well.
    at_doors: bool
    #: Which officers: any of these roles will do; empty for any officer. Null elsewhere.
    roles: tuple[Role, ...] | None = None
    acts_for: ActsFor = "self"
    #: Whether somebody may call it who has the phone, but must prove anew that the account is theirs.
    before_proof: bool = False

    def __post_init__(self) -> None:
        """An officers' route that forgot to say whose it is stops the start."""
        if (self.roles is None) == (self.level == "second_factor"):
            raise ValueError(f"{self.rule}: roles belong to officers' routes, and to all of them")
