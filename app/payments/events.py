"""News from payments."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.events import Event


@dataclass(frozen=True)
class OrderPaid(Event):
    """The provider has the money; the department is still to be told."""

    NAME: ClassVar[str] = "payments.order_paid"

    order_id: str


@dataclass(frozen=True)
class OrderHeld(Event):
    """Something does not fit; a person must look before the order goes on."""

    NAME: ClassVar[str] = "payments.order_held"

    order_id: str


@dataclass(frozen=True)
class LineSettled(Event):
    """The department acknowledged; receipts exist."""

    NAME: ClassVar[str] = "payments.line_settled"

    line_id: str
