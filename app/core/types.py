"""Types that every layer shares."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ActorKind = Literal["anonymous", "citizen", "verifier", "officer", "department", "system"]
#: How well we know who it is: by phone, by name and document number, by face.
Level = Literal["phone", "real_name", "face"]
LEVELS: tuple[Level, ...] = ("phone", "real_name", "face")
#: What a session was opened for: a resident's own business, or checking codes at a door.
SessionUse = Literal["citizen", "verifier"]


@dataclass(frozen=True)
class Actor:
    """Who acts in this request, and for whom."""

    kind: ActorKind
    #: The account (账号). An account is not a person: many people have none.
    citizen_id: uuid.UUID | None = None
    #: The person (自然人) behind the account, once the real name is proved.
    person_id: uuid.UUID | None = None
    #: A member of staff (工作人员); never together with an account.
    officer_id: uuid.UUID | None = None
    session_id: uuid.UUID | None = None
    use: SessionUse = "citizen"
    level: Level | None = None
    #: Has the phone, but must prove anew that the account is theirs.
    unproved: bool = False
    #: When the level falls back, where it does.
    level_until: datetime | None = None
    on_behalf_of: uuid.UUID | None = None
    organisation_id: uuid.UUID | None = None
    unit_id: uuid.UUID | None = None
    roles: frozenset[str] = frozenset()

    @property
    def account(self) -> uuid.UUID:
        """The account's id; only for routes whose guard demands a signed-in person."""
        if self.citizen_id is None:
            raise LookupError("nobody is signed in")
        return self.citizen_id

    @property
    def officer(self) -> uuid.UUID:
        """The officer's id; only for routes of officers."""
        if self.officer_id is None:
            raise LookupError("no officer is signed in")
        return self.officer_id

    @property
    def caller(self) -> uuid.UUID | None:
        """Whoever signed in, of whichever kind; None for nobody and the system."""
        return self.citizen_id or self.officer_id

    @property
    def person(self) -> uuid.UUID:
        """The person's id; only for routes whose guard demands the real name."""
        if self.person_id is None:
            raise LookupError("the real name is not proved")
        return self.person_id

    def reaches(self, level: Level) -> bool:
        """Whether the proof of identity is at least `level`."""
        return self.level is not None and LEVELS.index(self.level) >= LEVELS.index(level)


ANONYMOUS = Actor("anonymous")
#: Our own programs and the operator's commands.
SYSTEM = Actor("system")
