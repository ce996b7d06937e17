"""WeChat Pay, API v3, for merchants: place, query and close orders, fetch the certificates.

Source: pay.weixin.qq.com/doc/v3. Everything lies under `/wechatpay`; what is signed begins with
`/v3`, because the real host knows no prefix. Refunds and bills are not offered.
"""

import json
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, g, jsonify, request

from miniprogram_stubs.keyfiles import NOT_AFTER, NOT_BEFORE
from miniprogram_stubs.outages import Outages
from miniprogram_stubs.wechatpay_errors import WechatpayError
from miniprogram_stubs.wechatpay_orders import Order, Orders
from miniprogram_stubs.wechatpay_page import cashier_url
from miniprogram_stubs.wechatpay_requests import TRADE_TYPES, check_mchid, order_parameters
from miniprogram_stubs.wechatpay_signing import Signing, request_id
from miniprogram_stubs.world import PayMerchant, World

PREFIX = "/wechatpay"
#: What an outage answers with.
_BROKEN = "text/plain"


def party(world: World, signing: Signing, orders: Orders, outages: Outages) -> Blueprint:
    """The merchants' calls under `/wechatpay/v3`."""
    calls = Blueprint("wechatpay", __name__, url_prefix=f"{PREFIX}/v3")
    outages.guard(calls, "wechatpay")
    calls.before_request(lambda: _admit(signing))
    calls.after_request(lambda answer: _sign(signing, answer))
    calls.register_error_handler(WechatpayError, _refuse)
    openids = frozenset(person.openid for person in world.people if person.openid)

    @calls.post("/pay/transactions/<any(jsapi, h5, app, native):kind>")
    def place(kind: str) -> Response:
        trade_type = TRADE_TYPES[kind]
        parameters = order_parameters(_posted(), _merchant(), trade_type, openids)
        return jsonify(_prepay(orders.place(_merchant(), trade_type, parameters)))

    @calls.get("/pay/transactions/out-trade-no/<number>")
    def query(number: str) -> Response:
        check_mchid(request.args.get("mchid"), _merchant(), "query")
        return jsonify(orders.find(_merchant().mchid, number).transaction())

    @calls.post("/pay/transactions/out-trade-no/<number>/close")
    def close(number: str) -> Response:
        check_mchid(_posted().get("mchid"), _merchant(), "body")
        orders.close(orders.find(_merchant().mchid, number))
        return Response(status=204)

    @calls.get("/certificates")
    def certificates() -> Response:
        return jsonify({"data": [_certificate(signing, _merchant())]})

    return calls


def _admit(signing: Signing) -> None:
    """Identify the caller by its signature; raises WechatpayError."""
    if not request.headers.get("Accept") or not request.headers.get("User-Agent"):
        raise WechatpayError("PARAM_ERROR", "Http头缺少Accept或User-Agent")
    url = quote(request.path.removeprefix(PREFIX), safe="/*")
    if request.query_string:
        url += "?" + request.query_string.decode("latin-1")
    authorization = request.headers.get("Authorization", "")
    g.merchant = signing.verify(authorization, request.method, url, request.get_data())


def _merchant() -> PayMerchant:
    merchant: PayMerchant = g.merchant
    return merchant


def _sign(signing: Signing, answer: Response) -> Response:
    """Every answer of the platform is signed; that of a broken gateway is not."""
    if answer.mimetype != _BROKEN:
        asked = request.headers.get("Wechatpay-Serial", "")
        key_id = signing.answer_key(g.get("merchant"), asked)
        answer.headers.update(signing.headers(key_id, answer.get_data()))
        answer.headers["Request-ID"] = request_id()
    return answer


def _refuse(error: WechatpayError) -> tuple[Response, int]:
    return jsonify(error.as_answer()), error.status


def _posted() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        body = None
    if not isinstance(body, dict) or request.mimetype != "application/json":
        raise WechatpayError("PARAM_ERROR", "请求体须为JSON对象，Content-Type须为application/json")
    return body


def _prepay(order: Order) -> dict[str, str]:
    if order.trade_type == "MWEB":
        return {"h5_url": cashier_url(request.host_url, order)}
    if order.trade_type == "NATIVE":
        return {"code_url": f"weixin://wxpay/bizpayurl?pr={order.prepay_id[-9:]}zz"}
    return {"prepay_id": order.prepay_id}


def _certificate(signing: Signing, merchant: PayMerchant) -> dict[str, Any]:
    pem = signing.keys.certificate_pem
    return {
        "serial_no": signing.party.platform_certificate_serial,
        "effective_time": NOT_BEFORE.isoformat(timespec="seconds"),
        "expire_time": NOT_AFTER.isoformat(timespec="seconds"),
        "encrypt_certificate": signing.encrypt(merchant.mchid, pem, "certificate"),
    }
