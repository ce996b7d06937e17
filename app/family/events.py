"""News from family."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.events import Event


@dataclass(frozen=True)
class MandateMoved(Event):
    """A mandate was asked for, confirmed or ended: both sides are to know."""

    NAME: ClassVar[str] = "family.mandate_moved"

    mandate_id: str
    #: asked, confirmed, ended.
    to: str
