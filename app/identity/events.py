"""News from identity."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.events import Event


@dataclass(frozen=True)
class RefreshTokenReused(Event):
    """An old refresh token came back: somebody has a copy. The family is already dead."""

    NAME: ClassVar[str] = "identity.refresh_token_reused"

    family_id: str
