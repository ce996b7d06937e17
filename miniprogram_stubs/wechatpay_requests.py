"""What a merchant asks for when it places an order, judged field by field."""

import ipaddress
import re
from collections.abc import Container
from typing import Any
from urllib.parse import urlsplit

from miniprogram_stubs.inputs import BadInputError, moment
from miniprogram_stubs.wechatpay_errors import WechatpayError, wrong_parameter
from miniprogram_stubs.world import PayMerchant

#: Trade type by the last part of the path.
TRADE_TYPES = {"jsapi": "JSAPI", "h5": "MWEB", "app": "APP", "native": "NATIVE"}
_OUT_TRADE_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
_LARGEST_TOTAL = 100_000_000
_REMEMBERED = (
    *("appid", "mchid", "description", "out_trade_no", "time_expire", "attach", "notify_url"),
    *("goods_tag", "support_fapiao", "amount", "payer", "scene_info", "detail", "settle_info"),
)


def order_parameters(
    body: dict[str, Any], merchant: PayMerchant, trade_type: str, openids: Container[str]
) -> dict[str, Any]:
    """The parameters to remember; raises WechatpayError. `openids` are people who exist."""
    check_mchid(body.get("mchid"), merchant, "body")
    if _text(body, "appid", 32) != merchant.appid:
        raise WechatpayError("APPID_MCHID_NOT_MATCH", "商户号和appid没有绑定关系")
    _text(body, "description", 127)
    if not _OUT_TRADE_NO.fullmatch(_text(body, "out_trade_no", 32)):
        raise wrong_parameter("/out_trade_no", body["out_trade_no"], "须为6至32位数字、字母或_-|*")
    if body.get("attach") is not None:
        _text(body, "attach", 128, least=0)
    _check_notify_url(_text(body, "notify_url", 255))
    _check_time_expire(body.get("time_expire"))
    _check_amount(body.get("amount"))
    if trade_type == "JSAPI":
        _check_payer(body.get("payer"), openids)
    if trade_type == "MWEB":
        _check_scene(body.get("scene_info"))
    return {name: body[name] for name in _REMEMBERED if body.get(name) is not None}


def check_mchid(value: object, merchant: PayMerchant, location: str) -> None:
    """The merchant number must be the one that signed; raises WechatpayError."""
    if not isinstance(value, str) or not value:
        raise wrong_parameter("/mchid", value, "此字段为必填项", location)
    if value != merchant.mchid:
        raise wrong_parameter("/mchid", value, "与Http头Authorization中的mchid不匹配", location)


def _text(body: dict[str, Any], name: str, most: int, least: int = 1) -> str:
    value = body.get(name)
    if value is None:
        raise wrong_parameter(f"/{name}", value, "此字段为必填项")
    if not isinstance(value, str) or not least <= len(value) <= most:
        raise wrong_parameter(f"/{name}", value, f"须为不超过{most}字符的字符串")
    return value


def _check_notify_url(url: str) -> None:
    """Without query as in reality; on this machine only, because nothing here may leave it."""
    if not is_local(url) or urlsplit(url).query or urlsplit(url).fragment:
        raise wrong_parameter(
            "/notify_url",
            url,
            "通知地址不能携带参数；演示环境只通知本机（http://127.0.0.1:端口/…）",
        )


def is_local(url: str) -> bool:
    """Whether the URL is plain HTTP to a loopback address."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme != "http" or not parts.netloc or parts.username is not None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_time_expire(value: object) -> None:
    if value is None:
        return
    try:
        moment(value, "time_expire")
    except BadInputError:
        raise wrong_parameter("/time_expire", value, "须遵循RFC3339并带时区") from None


def _check_amount(amount: object) -> None:
    if not isinstance(amount, dict):
        raise wrong_parameter("/amount", amount, "此字段为必填项")
    total = amount.get("total")
    if isinstance(total, bool) or not isinstance(total, int):
        raise wrong_parameter("/amount/total", total, "须为整数，单位为分")
    if not 1 <= total <= _LARGEST_TOTAL:
        raise wrong_parameter("/amount/total", total, f"须为1至{_LARGEST_TOTAL}")
    if amount.get("currency", "CNY") != "CNY":
        raise wrong_parameter("/amount/currency", amount["currency"], "境内商户号仅支持CNY")


def _check_payer(payer: object, openids: Container[str]) -> None:
    openid = payer.get("openid") if isinstance(payer, dict) else None
    if not isinstance(openid, str) or not openid:
        raise wrong_parameter("/payer/openid", openid, "此字段为必填项")
    if openid not in openids:
        raise WechatpayError("PARAM_ERROR", "appid和openid不匹配")


def _check_scene(scene: object) -> None:
    if not isinstance(scene, dict):
        raise wrong_parameter("/scene_info", scene, "此字段为必填项")
    address = scene.get("payer_client_ip")
    try:
        ipaddress.ip_address(address if isinstance(address, str) else "")
    except ValueError:
        raise wrong_parameter("/scene_info/payer_client_ip", address, "须为IP地址") from None
    info = scene.get("h5_info")
    kind = info.get("type") if isinstance(info, dict) else None
    if kind not in ("iOS", "Android", "Wap"):
        raise wrong_parameter("/scene_info/h5_info/type", kind, "须为iOS、Android或Wap")
