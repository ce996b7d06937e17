"""WeChat Pay, API v3: the adapter that talks to it and hears its callbacks.

Source: pay.weixin.qq.com/doc/v3. Requests are signed with our merchant key; no answer counts unless
WeChat's own signature on it holds.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from app.core import clock
from app.core.http import Party, PartyRefused, PartyUnavailable
from app.payments.providers.base import (
    Channel,
    Message,
    Opened,
    Opening,
    OpeningRefused,
    PaidAlready,
    Payment,
    Unverified,
)
from app.payments.providers.wechatpay_crypto import SCHEME, Signed, decrypt, sign, verify
from app.payments.providers.wechatpay_merchants import Merchant
from app.payments.providers.wechatpay_messages import envelope, parse, told, transaction

log = structlog.get_logger()

#: Last part of the path by which a payment is opened.
KIND: dict[Channel, str] = {"miniprogram": "jsapi", "app": "app", "h5": "h5", "native": "native"}
#: The address of the H5 cashier stops working after five minutes, a prepay id after two hours.
GOOD_FOR: dict[Channel, timedelta] = {
    "miniprogram": timedelta(minutes=110),
    "app": timedelta(minutes=110),
    "h5": timedelta(minutes=4),
    "native": timedelta(minutes=110),
}
#: The query's answer for a number it has never seen; both spellings are in WeChat's pages.
UNKNOWN_ORDER = ("ORDERNOTEXIST", "ORDER_NOT_EXIST")
#: WeChat's field for a description allows this many characters.
DESCRIPTION = 127


class WechatPay:
    """All our merchants at WeChat Pay."""

    name = "wechatpay"

    def __init__(
        self, url: str, callbacks: str, merchants: Mapping[str, Merchant], *, waiters: int
    ) -> None:
        self._merchants = merchants
        #: Address under which our callbacks are reached, without the merchant's reference.
        self._callbacks = callbacks
        self._party = Party(self.name, url, waiters=waiters)

    def merchant_for(self, department: str) -> str:
        """See `Provider.merchant_for`. The first merchant takes what no other one claims."""
        claimed = (each.ref for each in self._merchants.values() if department in each.departments)
        return next(claimed, next(iter(self._merchants)))

    def open(self, wanted: Opening) -> Opened:
        """See `Provider.open`. The same number with the same content is the same payment."""
        merchant = self._merchants[wanted.merchant_ref]
        now = clock.now()
        content = {
            "appid": merchant.appid,
            "mchid": merchant.mchid,
            "description": wanted.description[:DESCRIPTION],
            "out_trade_no": wanted.out_trade_no,
            "time_expire": _beijing(wanted.expires_at),
            "notify_url": f"{self._callbacks}/{merchant.ref}",
            "amount": {"total": wanted.amount, "currency": "CNY"},
            **_particulars(wanted),
        }
        path = f"/v3/pay/transactions/{KIND[wanted.channel]}"
        status, answer = self._ask(merchant, "POST", path, content)
        if status != 200:
            raise _refusal(answer)
        try:
            params = _client_params(merchant, wanted.channel, answer)
        except KeyError:
            raise PartyUnavailable(self.name) from None
        return Opened(params, now + GOOD_FOR[wanted.channel])

    def query(self, merchant_ref: str, out_trade_no: str) -> Message:
        """See `Provider.query`."""
        merchant = self._merchants[merchant_ref]
        path = f"/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid={merchant.mchid}"
        status, answer = self._ask(merchant, "GET", path)
        try:
            if status == 200:
                payment = transaction(answer, merchant)
            elif answer.get("code") in UNKNOWN_ORDER:
                payment = Payment(out_trade_no, "unknown")
            else:
                raise PartyRefused(self.name)
        except Unverified:
            raise PartyRefused(self.name) from None
        if payment.out_trade_no != out_trade_no:
            raise PartyRefused(self.name)
        state = answer.get("trade_state", "UNKNOWN")
        return Message(
            provider=self.name,
            merchant_ref=merchant_ref,
            event_id=_event_id(payment, state),
            kind=f"QUERY.{state}",
            body=json.dumps(answer),
            payment=payment,
        )

    def cancel(self, merchant_ref: str, out_trade_no: str) -> None:
        """See `Provider.cancel`."""
        merchant = self._merchants[merchant_ref]
        path = f"/v3/pay/transactions/out-trade-no/{out_trade_no}/close"
        status, answer = self._ask(merchant, "POST", path, {"mchid": merchant.mchid})
        if status in (200, 204) or answer.get("code") in (*UNKNOWN_ORDER, "ORDER_CLOSED"):
            return
        if answer.get("code") == "ORDERPAID":
            raise PaidAlready
        raise PartyRefused(self.name)

    def read(self, merchant_ref: str | None, headers: Mapping[str, str], body: bytes) -> Message:
        """See `Provider.read`. Without a reference the callback is the first merchant's."""
        merchant = self._merchants.get(merchant_ref or next(iter(self._merchants)))
        if merchant is None:
            raise Unverified("no_such_merchant")
        verify(Signed.of(headers), body, merchant.platform_keys, clock.now())
        outer = envelope(body)
        plain = decrypt(outer.resource, merchant.apiv3_key)
        content = parse(plain)
        return Message(
            provider=self.name,
            merchant_ref=merchant.ref,
            event_id=outer.event_id,
            kind=outer.event_type,
            body=plain.decode("utf-8"),
            payment=told(outer.event_type, content, merchant),
        )

    def close(self) -> None:
        """Give the connections back."""
        self._party.close()

    def _ask(
        self, merchant: Merchant, method: str, path: str, content: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and content of a verified answer. Raises `PartyUnavailable` for any other."""
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "huiban",
            "Authorization": _authorization(merchant, method, path, body),
            "Wechatpay-Serial": merchant.preferred_key,
        }
        answer = self._party.request(method, path, content=body, headers=headers)
        try:
            signed = Signed.of(answer.headers)
            verify(signed, answer.body, merchant.platform_keys, clock.now())
            found = parse(answer.body) if answer.body else {}
        except Unverified as error:
            log.warning("answer_not_believed", party=self.name, code=error.reason)
            raise PartyUnavailable(self.name) from None
        if answer.status == 429 or answer.status >= 500:
            raise PartyUnavailable(self.name)
        return answer.status, found


def _authorization(merchant: Merchant, method: str, path: str, body: bytes) -> str:
    at, nonce = str(int(clock.now().timestamp())), secrets.token_hex(16)
    signature = sign(merchant.private_key, method, path, at, nonce, body.decode())
    return (
        f'{SCHEME} mchid="{merchant.mchid}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{at}",serial_no="{merchant.certificate_serial}"'
    )


def _event_id(payment: Payment, state: str) -> str:
    """One for each payment confirmed, else one for each state a payment is in."""
    if payment.transaction_id is not None:
        return f"query:{payment.transaction_id}"
    return f"query:{payment.out_trade_no}:{state}"


def _particulars(wanted: Opening) -> dict[str, Any]:
    """What only this channel needs."""
    if wanted.channel == "miniprogram":
        return {"payer": {"openid": wanted.openid}}
    if wanted.channel == "h5":
        scene = {"payer_client_ip": wanted.address, "h5_info": {"type": "Wap"}}
        return {"scene_info": scene}
    return {}


def _client_params(merchant: Merchant, channel: Channel, answer: dict[str, Any]) -> dict[str, Any]:
    """What the client gives to WeChat's own software. Raises `KeyError`."""
    if channel == "h5":
        return {"h5_url": answer["h5_url"]}
    if channel == "native":
        return {"code_url": answer["code_url"]}
    at, nonce, prepay_id = (
        str(int(clock.now().timestamp())),
        secrets.token_hex(16),
        answer["prepay_id"],
    )
    if channel == "app":
        return {
            "appid": merchant.appid,
            "partnerid": merchant.mchid,
            "prepayid": prepay_id,
            "package": "Sign=WXPay",
            "noncestr": nonce,
            "timestamp": at,
            "sign": sign(merchant.private_key, merchant.appid, at, nonce, prepay_id),
        }
    package = f"prepay_id={prepay_id}"
    return {
        "appId": merchant.appid,
        "timeStamp": at,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": sign(merchant.private_key, merchant.appid, at, nonce, package),
    }


def _refusal(answer: dict[str, Any]) -> Exception:
    code = str(answer.get("code", "UNKNOWN"))
    return PaidAlready() if code == "ORDERPAID" else OpeningRefused(code)


def _beijing(moment: datetime) -> str:
    return moment.astimezone(clock.SHANGHAI).isoformat(timespec="seconds")
