"""News from privacy."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.events import Event


@dataclass(frozen=True)
class ConsentWithdrawn(Event):
    """Somebody no longer agrees to a purpose. Whoever works for it stops."""

    NAME: ClassVar[str] = "privacy.consent_withdrawn"

    purpose: str
    account_id: str
    #: Empty where the account has not proved whose it is.
    person_id: str
