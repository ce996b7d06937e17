"""The demonstration's calls around WeChat Pay: pay an order, tamper with its notify, look."""

import time
from typing import Any

from flask import Blueprint, Response, jsonify, request

from miniprogram_stubs import clock
from miniprogram_stubs.inputs import BadInputError, json_object, limit, text
from miniprogram_stubs.wechatpay_delivery import Courier
from miniprogram_stubs.wechatpay_notify import TAMPERS, Notifier
from miniprogram_stubs.wechatpay_orders import Order, Orders

_MOST_COPIES = 200
_LONGEST_DELAY_SECONDS = 30.0


def demonstration_calls(orders: Orders, notifier: Notifier, courier: Courier) -> Blueprint:
    """POST `/wechatpay/simulate`, POST `/wechatpay/simulate/probe`, GET `/wechatpay/orders`."""
    calls = Blueprint("wechatpay_simulate", __name__)

    @calls.post("/wechatpay/simulate")
    def simulate() -> Response:
        allowed = ("out_trade_no", "mchid", "copies", "shuffle", "delay_s", "tamper")
        body = json_object(allowed, required=("out_trade_no",))
        order = _named(orders, body)
        copies, shuffle, delay = _copies(body), _shuffle(body), _delay(body)
        tamper = _tamper(body)
        if tamper is None:
            orders.pay(order, even_if_ended=True)
        time.sleep(delay)
        sent = courier.send_copies(notifier.notify(order, tamper), copies, shuffle)
        # No copy at all stands for a notify that was lost on its way, for good.
        if tamper is None and sent and not any(told["accepted"] for told in sent):
            courier.send_until_accepted(order, attempt=1)
        return jsonify({"sent": sent, "order": _shown(order)})

    @calls.post("/wechatpay/simulate/probe")
    def probe() -> Response:
        body = json_object(("out_trade_no", "mchid"), required=("out_trade_no",))
        order = _named(orders, body)
        return jsonify({"sent": [courier.send(notifier.notify(order), probe=True)]})

    @calls.get("/wechatpay/orders")
    def show() -> Response:
        unknown = set(request.args) - {"out_trade_no", "limit"}
        if unknown:
            raise BadInputError(f"未知参数：{'、'.join(sorted(unknown))}")
        number = request.args.get("out_trade_no")
        most = limit(default=50, most=1000) or 50
        found = orders.newest(most) if number is None else orders.of_number(number)
        return jsonify(
            {"items": [_shown(order) | {"notifies": list(order.deliveries)} for order in found]}
        )

    return calls


def _named(orders: Orders, body: dict[str, Any]) -> Order:
    """The order meant; merchants may use the same number, then `mchid` decides."""
    found = orders.of_number(text(body, "out_trade_no"))
    if body.get("mchid") is not None:
        found = [order for order in found if order.merchant.mchid == body["mchid"]]
    if not found:
        raise BadInputError("没有这个商户订单号的订单", 404, "not_found")
    if len(found) > 1:
        raise BadInputError("多个商户有此订单号，请给出 mchid", 409, "ambiguous")
    return found[0]


def _copies(body: dict[str, Any]) -> int:
    copies = body.get("copies", 1)
    if isinstance(copies, bool) or not isinstance(copies, int) or not 0 <= copies <= _MOST_COPIES:
        raise BadInputError(f"copies 须为 0 到 {_MOST_COPIES} 的整数")
    return copies


def _shuffle(body: dict[str, Any]) -> bool:
    shuffle = body.get("shuffle", False)
    if not isinstance(shuffle, bool):
        raise BadInputError("shuffle 须为 true 或 false")
    return shuffle


def _delay(body: dict[str, Any]) -> float:
    delay = body.get("delay_s", 0)
    if isinstance(delay, bool) or not isinstance(delay, int | float):
        raise BadInputError("delay_s 须为数字")
    if not 0 <= delay <= _LONGEST_DELAY_SECONDS:
        raise BadInputError(f"delay_s 须为 0 到 {_LONGEST_DELAY_SECONDS:.0f}")
    return float(delay)


def _tamper(body: dict[str, Any]) -> str | None:
    tamper = body.get("tamper")
    if tamper is not None and tamper not in TAMPERS:
        raise BadInputError(f"tamper 须为 null 或 {'、'.join(TAMPERS)} 之一")
    return tamper


def _shown(order: Order) -> dict[str, Any]:
    return {
        "out_trade_no": order.number,
        "mchid": order.merchant.mchid,
        "merchant_ref": order.merchant.ref,
        "trade_type": order.trade_type,
        "trade_state": order.state,
        "amount": order.total,
        "description": order.parameters["description"],
        "notify_url": order.parameters["notify_url"],
        "transaction_id": order.transaction_id,
        "event_id": order.event_id,
        "paid_at": None if order.paid is None else clock.rfc3339(order.paid),
    }
