"""WeChat Pay's memory of the orders merchants placed."""

import itertools
import secrets
import threading
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from miniprogram_stubs import clock
from miniprogram_stubs.inputs import moment
from miniprogram_stubs.wechatpay_errors import WechatpayError
from miniprogram_stubs.world import PayMerchant

_MOST_ORDERS = 200_000
_MOST_DELIVERIES = 500
_PREPAY_SECONDS = 2 * 3600
_LINK_SECONDS = 300
_PAYABLE_SECONDS = 7 * 24 * 3600
_SHORTEST_PAYABLE_SECONDS = 60
STATES = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "CLOSED": "订单已关闭"}


@dataclass
class Order:
    """One order. The ids are drawn when it is placed, so that every notify of it agrees."""

    merchant: PayMerchant
    trade_type: str
    parameters: dict[str, Any]
    placed: float
    transaction_id: str
    event_id: str
    prepay_id: str = ""
    prepay_until: float = 0.0
    #: The random part of the cashier's address and when it stops working.
    package: str = ""
    package_until: float = 0.0
    state: str = "NOTPAY"
    paid: float | None = None
    #: What became of each notify, oldest first.
    deliveries: deque[dict[str, Any]] = field(
        default_factory=lambda: deque(maxlen=_MOST_DELIVERIES)
    )

    @property
    def number(self) -> str:
        """The merchant's number of it."""
        return str(self.parameters["out_trade_no"])

    @property
    def total(self) -> int:
        """The amount in fen."""
        return int(self.parameters["amount"]["total"])

    @property
    def payable_until(self) -> float:
        """When people can no longer pay it; merchants may not ask for less than a minute."""
        asked = self.parameters.get("time_expire")
        if asked is None:
            return self.placed + _PAYABLE_SECONDS
        until = moment(asked, "time_expire").timestamp()
        return max(until, self.placed + _SHORTEST_PAYABLE_SECONDS)

    def transaction(self) -> dict[str, Any]:
        """The order as the query and the notify show it."""
        shown = {
            "appid": self.merchant.appid,
            "mchid": self.merchant.mchid,
            "out_trade_no": self.number,
            "trade_state": self.state,
            "trade_state_desc": STATES[self.state],
            "promotion_detail": [],
            "amount": {"total": self.total, "currency": "CNY", "payer_currency": "CNY"},
        }
        return shown if self.paid is None else shown | self._payment(self.paid)

    def if_paid(self, at: float) -> dict[str, Any]:
        """The transaction as it would be, were the order paid at this time."""
        return self.transaction() | self._payment(self.paid or at)

    def _payment(self, at: float) -> dict[str, Any]:
        openid = self.parameters.get("payer", {}).get("openid")
        return {
            "transaction_id": self.transaction_id,
            "trade_type": self.trade_type,
            "trade_state": "SUCCESS",
            "trade_state_desc": STATES["SUCCESS"],
            "bank_type": "OTHERS",
            "attach": self.parameters.get("attach", ""),
            "success_time": clock.beijing(at).isoformat(timespec="seconds"),
            "payer": {"openid": openid or f"oDemo{self.event_id.replace('-', '')[:23]}"},
            "amount": {
                "total": self.total,
                "payer_total": self.total,
                "currency": "CNY",
                "payer_currency": "CNY",
            },
        }


class Orders:
    """All orders. Thread-safe; refuses new ones when full."""

    def __init__(self, most: int = _MOST_ORDERS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._by_number: dict[tuple[str, str], Order] = {}
        self._same_number: dict[str, list[Order]] = {}
        self._by_prepay: dict[str, Order] = {}

    def place(self, merchant: PayMerchant, trade_type: str, parameters: dict[str, Any]) -> Order:
        """The order of these parameters, new or the same as before; raises WechatpayError."""
        now = clock.now()
        with self._lock:
            order = self._by_number.get((merchant.mchid, parameters["out_trade_no"]))
            if order is None:
                order = self._new(merchant, trade_type, parameters, now)
            elif (order.trade_type, order.parameters) != (trade_type, parameters):
                raise WechatpayError("OUT_TRADE_NO_USED", "商户订单号重复，与原请求参数不一致")
            _refuse_ended(order, now)
            self._refresh(order, now)
            return order

    def find(self, mchid: str, number: str) -> Order:
        """A merchant's order; raises WechatpayError."""
        with self._lock:
            order = self._by_number.get((mchid, number))
        if order is None:
            raise WechatpayError("ORDERNOTEXIST", "订单不存在")
        return order

    def of_number(self, number: str) -> list[Order]:
        """The orders of all merchants under this number."""
        with self._lock:
            return list(self._same_number.get(number, ()))

    def newest(self, most: int) -> list[Order]:
        """Up to `most` orders, the newest first."""
        with self._lock:
            return list(itertools.islice(reversed(self._by_number.values()), most))

    def of_prepay(self, prepay_id: str) -> Order | None:
        """The order a cashier's address belongs to."""
        with self._lock:
            return self._by_prepay.get(prepay_id)

    def close(self, order: Order) -> None:
        """Close it; closing again changes nothing. Raises WechatpayError when it is paid."""
        with self._lock:
            if order.state == "SUCCESS":
                raise WechatpayError("ORDERPAID", "该订单已支付")
            order.state = "CLOSED"

    def pay(self, order: Order, even_if_ended: bool) -> bool:
        """Mark it paid; paying again changes nothing. False when it is closed or too late.

        `even_if_ended` stands for a payment that was under way when the order was closed.
        """
        now = clock.now()
        with self._lock:
            ended = order.state == "CLOSED" or now > order.payable_until
            if order.state != "SUCCESS":
                if ended and not even_if_ended:
                    return False
                order.state, order.paid = "SUCCESS", now
            return True

    def _new(
        self, merchant: PayMerchant, trade_type: str, parameters: dict[str, Any], now: float
    ) -> Order:
        if len(self._by_number) >= self._most:
            raise WechatpayError("SYSTEM_ERROR", "系统异常，请稍后重试")
        day = f"{clock.beijing(now):%Y%m%d}"
        order = Order(
            merchant=merchant,
            trade_type=trade_type,
            parameters=parameters,
            placed=now,
            transaction_id=f"4200{secrets.randbelow(10**6):06d}{day}{secrets.randbelow(10**10):010d}",
            event_id=str(uuid.uuid4()),
        )
        self._by_number[merchant.mchid, order.number] = order
        self._same_number.setdefault(order.number, []).append(order)
        return order

    def _refresh(self, order: Order, now: float) -> None:
        """The same prepay for two hours; the cashier's address lasts five minutes from now."""
        if now > order.prepay_until:
            self._by_prepay.pop(order.prepay_id, None)
            order.prepay_id = f"wx{clock.beijing(now):%Y%m%d%H%M%S}{secrets.token_hex(10)}"
            order.prepay_until = now + _PREPAY_SECONDS
            self._by_prepay[order.prepay_id] = order
        if now > order.package_until:
            order.package = str(10**9 + secrets.randbelow(9 * 10**9))
        order.package_until = now + _LINK_SECONDS


def _refuse_ended(order: Order, now: float) -> None:
    if order.state == "SUCCESS":
        raise WechatpayError("ORDERPAID", "该订单已支付")
    if order.state == "CLOSED":
        raise WechatpayError("ORDER_CLOSED", "该订单已关闭")
    if now > order.payable_until:
        raise WechatpayError("INVALID_REQUEST", "该订单已过支付截止时间，请使用新的商户订单号下单")
