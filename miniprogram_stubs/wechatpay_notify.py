"""The notify about a payment, as WeChat Pay sends it, and what somebody could make of it.

Source: pay.weixin.qq.com/doc/v3, "payment-notice": an event with an encrypted resource, signed in
the Wechatpay-… headers over the exact bytes of the body.
"""

import json
import uuid
from dataclasses import dataclass, replace
from typing import Any

from miniprogram_stubs import clock
from miniprogram_stubs.wechatpay_orders import Order
from miniprogram_stubs.wechatpay_signing import Signing, random_text, request_id

#: `signature` is a forgery, `stale` an old recording; the others are signed but tell of something
#: that does not fit the order.
TAMPERS = ("signature", "amount", "merchant", "order", "stale")
_PROBE_PREFIX = "WECHATPAY/SIGNTEST/"
_STALE_SECONDS = 360


@dataclass(frozen=True)
class Notify:
    """The body of one event; every sending of it is signed anew."""

    order: Order
    event_id: str
    body: bytes
    tamper: str | None
    request_id: str

    def under_another_request_id(self) -> "Notify":
        """The same event, as it comes over a second link."""
        return replace(self, request_id=request_id())


class Notifier:
    """Makes notifies and signs them."""

    def __init__(self, signing: Signing) -> None:
        self._signing = signing

    def notify(self, order: Order, tamper: str | None = None) -> Notify:
        """The event that the order is paid, or a tampered version of it.

        A forgery and an old recording carry the event id of the true event: a receiver that
        remembers ids before it has verified would then miss the true one.
        """
        now = clock.now()
        transaction = order.if_paid(now)
        event_id = order.event_id
        if tamper in ("amount", "merchant", "order"):
            transaction |= self._other_content(order, tamper)
            event_id = str(uuid.uuid4())
        event = {
            "id": event_id,
            "create_time": transaction["success_time"],
            "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS",
            "summary": "支付成功",
            "resource": {
                "original_type": "transaction",
                **self._signing.encrypt(order.merchant.mchid, _json(transaction), "transaction"),
            },
        }
        return Notify(order, event_id, _json(event), tamper, request_id())

    def headers(self, notify: Notify, probe: bool = False) -> dict[str, str]:
        """All headers of one sending, signed now."""
        timestamp = int(clock.now())
        if notify.tamper == "stale":
            timestamp -= _STALE_SECONDS
        signed = self._signing.headers(notify.order.merchant.notify_id, notify.body, timestamp)
        if notify.tamper == "signature":
            # A true signature, but of another nonce.
            signed["Wechatpay-Nonce"] = random_text(32)
        if probe:
            signed["Wechatpay-Signature"] = _PROBE_PREFIX + signed["Wechatpay-Signature"]
        return {
            "Content-Type": "application/json",
            "Accept": "*/*",
            "User-Agent": "Mozilla/4.0",
            "Request-ID": notify.request_id,
            **signed,
        }

    def _other_content(self, order: Order, tamper: str) -> dict[str, Any]:
        if tamper == "amount":
            more = order.total + 1
            amount = {"total": more, "payer_total": more}
            return {"amount": {**amount, "currency": "CNY", "payer_currency": "CNY"}}
        if tamper == "merchant":
            return {"mchid": self._signing.other_merchant(order.merchant).mchid}
        return {"out_trade_no": f"UNKNOWN{random_text(20)}"}


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
