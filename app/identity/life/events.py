"""News from the life of accounts."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.events import Event


@dataclass(frozen=True)
class MergeChanged(Event):
    """Two accounts became one, or the merge was undone: how it stands is in the merge itself."""

    NAME: ClassVar[str] = "identity.merge_changed"

    merge_id: str
