"""Reading WeChat Pay's JSON: strictly, because it decides about money."""

import json
from dataclasses import dataclass
from typing import Any

from app.payments.providers.base import Payment, PaymentState, Unverified
from app.payments.providers.wechatpay_merchants import Merchant

PAID = "TRANSACTION.SUCCESS"
REFUND = "REFUND."
RESOURCE_TYPE = "encrypt-resource"
MAX_TEXT = 128

#: 交易状态 → ours. `REFUND` means paid and given back since, outside of us: a person's business.
STATES: dict[str, PaymentState] = {
    "SUCCESS": "paid",
    "NOTPAY": "unpaid",
    "USERPAYING": "unpaid",
    "ACCEPT": "unpaid",
    "PAYERROR": "unpaid",
    "CLOSED": "ended",
    "REVOKED": "ended",
    "REFUND": "other",
}


@dataclass(frozen=True)
class Envelope:
    """The outer part of a callback. Its resource is still encrypted."""

    event_id: str
    event_type: str
    resource: dict[str, Any]


def envelope(body: bytes) -> Envelope:
    """Read the outer part of a callback. Raises `Unverified`."""
    content = parse(body)
    if content.get("resource_type") != RESOURCE_TYPE:
        raise Unverified("unsupported")
    resource = content.get("resource")
    if not isinstance(resource, dict):
        raise Unverified("malformed")
    found = Envelope(text(content, "id"), text(content, "event_type"), resource)
    if found.event_type == PAID and resource.get("original_type") != "transaction":
        raise Unverified("unsupported")
    return found


def told(event_type: str, content: dict[str, Any], merchant: Merchant) -> Payment | None:
    """The payment a callback speaks of, or None for other news. Raises `Unverified`.

    We have asked for no refund, so any news of one (`REFUND.*`) is somebody else's doing.
    """
    if event_type == PAID:
        return transaction(content, merchant)
    if not event_type.startswith(REFUND):
        return None
    foreign = content.get("mchid") != merchant.mchid
    number = text(content, "out_trade_no")
    return Payment(number, "other", foreign="merchant" if foreign else None)


def transaction(content: dict[str, Any], merchant: Merchant) -> Payment:
    """What a decrypted transaction says, seen from this merchant. Raises `Unverified`."""
    state = STATES.get(text(content, "trade_state"), "other")
    amount = content.get("amount", {})
    if not isinstance(amount, dict):
        raise Unverified("malformed")
    total = amount.get("total")
    if state == "paid" and type(total) is not int:
        raise Unverified("malformed")
    foreign: Any = None
    if content.get("mchid") != merchant.mchid:
        foreign = "merchant"
    elif content.get("appid") != merchant.appid:
        foreign = "app"
    return Payment(
        out_trade_no=text(content, "out_trade_no"),
        state=state,
        transaction_id=text(content, "transaction_id") if state == "paid" else None,
        amount=total if type(total) is int else None,
        # Left out by some answers: a merchant within the country has no other currency.
        currency=amount.get("currency", "CNY"),
        foreign=foreign,
    )


def parse(body: bytes) -> dict[str, Any]:
    """A JSON object in which no name stands twice. Raises `Unverified`."""
    try:
        content = json.loads(
            body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise Unverified("malformed") from None
    if not isinstance(content, dict):
        raise Unverified("malformed")
    return content


def text(content: dict[str, Any], name: str) -> str:
    """A short printable text. Raises `Unverified`."""
    value = content.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or not value.isprintable():
        raise Unverified("malformed")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers of one text could otherwise each believe another of two equal names."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
