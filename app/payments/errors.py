"""What can go wrong when somebody pays."""

from app.core.errors import Conflict


class BillInAnotherOrder(Conflict):
    """A bill stands in at most one living order, whoever placed it."""

    code = "bill_in_another_order"
    zh = "缴费单已在另一笔订单中，请先完成或取消该订单；订单30分钟未支付会自动关闭。"
    en = (
        "A bill stands in another order; pay or cancel that one. Unpaid orders close in 30 minutes."
    )


class OrderNotOpen(Conflict):
    """The order is paid, closed or held, or its time is over."""

    code = "order_not_open"
    zh = "订单已支付或已关闭。"
    en = "The order is paid or closed already."


class PaymentRunning(Conflict):
    """A payment of this order has begun and may still succeed."""

    code = "payment_running"
    zh = "该订单正在支付，请待支付结束后再操作。"
    en = "A payment of this order is still running."


class PaymentNotOpened(Conflict):
    """The provider will not open this payment; another try begins a new one."""

    code = "payment_not_opened"
    zh = "支付机构未能受理，请重新发起支付。"
    en = "The payment provider did not accept it; please start the payment again."


class WechatLinkRequired(Conflict):
    """Paying inside the mini-program needs a WeChat user who has signed in there."""

    code = "wechat_link_required"
    zh = "请先在微信小程序中登录本账号，或改用其他支付方式。"
    en = "Sign in to this account in the WeChat mini-program first, or pay another way."


class BillChanged(Conflict):
    """A bill of the order was paid elsewhere, ended or changed its amount since the order was made."""

    code = "bill_changed"
    zh = "缴费单已变化（已缴、已过期或金额变动），请取消订单后重新下单。"
    en = "A bill has changed since; please cancel this order and place a new one."


class MandateOver(Conflict):
    """A bill was ordered by a mandate that has ended since."""

    code = "mandate_over"
    zh = "您对其中一位参保人的代办授权已结束，不能再为其支付，请取消订单。"
    en = "Your mandate for one of the insured persons has ended; please cancel this order."
