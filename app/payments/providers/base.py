"""What every payment provider does for us, in our own words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, get_args

Channel = Literal["miniprogram", "app", "h5", "native"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)

#: paid: the money is with the provider. unpaid: it may still come. ended: it cannot come any more.
#: unknown: the provider has no such payment. other: something happened that we do not act on.
PaymentState = Literal["paid", "unpaid", "ended", "unknown", "other"]

#: Why a callback was not believed: the closed list behind the metric's label.
Reason = Literal[
    "too_large", "no_such_merchant", "missing_header", "unsupported", "unknown_key",
    "wrong_signature", "probe", "stale", "malformed", "undecryptable",
]  # fmt: skip


class Unverified(Exception):
    """A message that does not prove to come from the provider, or cannot be read."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class OpeningRefused(Exception):
    """The provider understood and will not open this payment. `code` is the provider's own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PaidAlready(Exception):
    """The provider says that this payment has been made."""


@dataclass(frozen=True)
class Opening:
    """A payment to be opened. The same values may be sent again: it is the same payment."""

    channel: Channel
    merchant_ref: str
    out_trade_no: str
    #: Fen.
    amount: int
    description: str
    expires_at: datetime
    #: The payer's pseudonym at the provider, where the channel needs one.
    openid: str | None
    #: The payer's network address.
    address: str


@dataclass(frozen=True)
class Opened:
    """What the client hands on so that the payer can pay, and how long that is good."""

    client_params: dict[str, Any]
    good_until: datetime


@dataclass(frozen=True)
class Payment:
    """What a provider says about one payment. Believed only when it came verified."""

    out_trade_no: str
    state: PaymentState
    transaction_id: str | None = None
    #: Fen.
    amount: int | None = None
    currency: str | None = None
    #: The account named in the message is not the one it was sent to: `merchant` or `app`.
    foreign: Literal["merchant", "app"] | None = None


@dataclass(frozen=True)
class Message:
    """A verified message of a provider: a callback, or the answer to our own query."""

    provider: str
    merchant_ref: str
    event_id: str
    #: The provider's name of what happened.
    kind: str
    #: The message in clear, as text.
    body: str
    #: None when it tells of something other than a payment.
    payment: Payment | None


class Provider(Protocol):
    """One payment provider with all our merchant accounts there."""

    name: str

    def merchant_for(self, department: str) -> str:
        """Which of our merchant accounts takes money owed to this department."""

    def open(self, wanted: Opening) -> Opened:
        """Open a payment. Raises `OpeningRefused`, `PaidAlready`, `PartyUnavailable`."""

    def query(self, merchant_ref: str, out_trade_no: str) -> Message:
        """What the provider knows of a payment. Raises `PartyUnavailable`."""

    def cancel(self, merchant_ref: str, out_trade_no: str) -> None:
        """Make sure that it cannot be paid any more. Raises `PaidAlready`, `PartyUnavailable`."""

    def read(self, merchant_ref: str | None, headers: Mapping[str, str], body: bytes) -> Message:
        """Verify and decrypt a callback. Raises `Unverified`."""

    def close(self) -> None:
        """Give the connections back."""
