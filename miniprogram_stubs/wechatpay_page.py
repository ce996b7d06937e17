"""The cashier a browser reaches through `h5_url`, in place of the WeChat application.

A plain form: it works without script. Merchants append `&redirect_url=` to the address, and the
payer comes back there after paying and after giving up alike.
"""

from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, redirect, render_template_string, request
from werkzeug.wrappers import Response as AnyResponse

from miniprogram_stubs import clock
from miniprogram_stubs.wechatpay_delivery import Courier
from miniprogram_stubs.wechatpay_orders import Order, Orders

#: As on the real host.
_PATH = "/wechatpay/cgi-bin/mmpayweb-bin/checkmweb"

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>演示收银台 · Demonstration cashier</title>
<style>
body { font: 1.1rem/1.6 system-ui, sans-serif; margin: 0 auto; max-width: 30rem; padding: 1.5rem;
  color: #1a1a1a; background: #fff; }
dt { color: #555; } dd { margin: 0 0 .8rem; overflow-wrap: anywhere; }
.amount { font-size: 2.2rem; font-weight: 600; }
button { font: inherit; display: block; width: 100%; padding: .8rem; margin: .6rem 0;
  border: 2px solid #0a6b3d; border-radius: .5rem; background: #fff; color: #0a6b3d; }
button.pay { background: #0a6b3d; color: #fff; }
button:focus { outline: 3px solid #f5a623; }
</style>
</head>
<body>
<main>
<p>演示收银台，不会扣款。<br><span lang="en">Demonstration cashier: no money moves.</span></p>
{% if message %}
<h1 role="status">{{ message[0] }}<br><span lang="en">{{ message[1] }}</span></h1>
{% endif %}
{% if order %}
<dl>
<dt>金额 · <span lang="en">Amount</span></dt><dd class="amount">¥{{ amount }}</dd>
<dt>收款方 · <span lang="en">Payee</span></dt><dd>{{ order.merchant.name }}</dd>
<dt>商品 · <span lang="en">Description</span></dt><dd>{{ order.parameters.description }}</dd>
<dt>商户订单号 · <span lang="en">Order number</span></dt><dd>{{ order.number }}</dd>
</dl>
{% endif %}
{% if payable %}
<form method="post">
<input type="hidden" name="prepay_id" value="{{ order.prepay_id }}">
<input type="hidden" name="redirect_url" value="{{ back }}">
<button class="pay" name="action" value="pay">支付 · <span lang="en">Pay</span></button>
<button name="action" value="cancel">取消 · <span lang="en">Cancel</span></button>
</form>
{% elif back %}
<p><a href="{{ back }}">返回商户 · <span lang="en">Back to the merchant</span></a></p>
{% endif %}
</main>
</body>
</html>
"""
_UNKNOWN = ("链接无效", "This link is not valid")
_EXPIRED = ("链接已过期，请返回重新发起支付", "This link has expired; go back and start again")
_PAID = ("支付成功", "Paid")
_CLOSED = ("订单已关闭或已过期", "The order is closed or too old")
_CANCELLED = ("已取消，未支付", "Cancelled, not paid")


def cashier_url(host_url: str, order: Order) -> str:
    """The order's `h5_url`."""
    query = urlencode({"prepay_id": order.prepay_id, "package": order.package})
    return f"{host_url.rstrip('/')}{_PATH}?{query}"


def page(orders: Orders, courier: Courier) -> Blueprint:
    """GET shows the cashier, POST pays or gives up."""
    calls = Blueprint("wechatpay_page", __name__)

    @calls.get(_PATH)
    def show() -> AnyResponse:
        back = _address(request.args.get("redirect_url", ""))
        order = orders.of_prepay(request.args.get("prepay_id", ""))
        if order is None:
            return _answer(None, _UNKNOWN, back, 404)
        stale = request.args.get("package") != order.package or clock.now() > order.package_until
        if order.state == "NOTPAY" and stale:
            return _answer(None, _EXPIRED, back, 410)
        return _answer(order, {"SUCCESS": _PAID, "CLOSED": _CLOSED}.get(order.state), back, 200)

    @calls.post(_PATH)
    def decide() -> AnyResponse:
        # The address expires, an open cashier does not: whoever reads slowly may still pay.
        back = _address(request.form.get("redirect_url", ""))
        order = orders.of_prepay(request.form.get("prepay_id", ""))
        if order is None:
            return _answer(None, _UNKNOWN, back, 404)
        if request.form.get("action") != "pay":
            return redirect(back, 303) if back else _answer(None, _CANCELLED, back, 200)
        already = order.state == "SUCCESS"
        if not orders.pay(order, even_if_ended=False):
            return _answer(None, _CLOSED, back, 409)
        if not already:
            courier.send_until_accepted(order)
        return redirect(back, 303) if back else _answer(order, _PAID, back, 200)

    return calls


def _address(url: str) -> str:
    """The address to go back to; empty when it is none a browser should be sent to."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc else ""


def _answer(
    order: Order | None, message: tuple[str, str] | None, back: str, status: int
) -> Response:
    text = render_template_string(
        _PAGE,
        order=order,
        message=message,
        back=back,
        payable=order is not None and message is None,
        amount=f"{order.total // 100}.{order.total % 100:02d}" if order else "",
    )
    answer = Response(text, status, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
