"""The refusals of WeChat Pay's API v3: HTTP status, code, message and sometimes a detail.

Source: the tables of common and business error codes under pay.weixin.qq.com/doc/v3 (JSAPI, H5,
query, close), which spell the unknown order ORDERNOTEXIST in the older and ORDER_NOT_EXIST in the
newer pages.
"""

from typing import Any

_STATUS = {
    "PARAM_ERROR": 400,
    "INVALID_REQUEST": 400,
    "APPID_MCHID_NOT_MATCH": 400,
    "MCH_NOT_EXISTS": 400,
    "ORDER_CLOSED": 400,
    "ORDERPAID": 400,
    "SIGN_ERROR": 401,
    "OUT_TRADE_NO_USED": 403,
    "ORDERNOTEXIST": 404,
    "SYSTEM_ERROR": 500,
}


class WechatpayError(Exception):
    """A refused call."""

    def __init__(self, code: str, message: str, detail: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = _STATUS[code]
        self.code = code
        self.message = message
        self.detail = detail

    def as_answer(self) -> dict[str, Any]:
        """The body of the refusal."""
        answer: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.detail is not None:
            answer["detail"] = self.detail
        return answer


def wrong_parameter(field: str, value: object, why: str, location: str = "body") -> WechatpayError:
    """PARAM_ERROR for one field; `field` is a path such as `/amount/total`."""
    return WechatpayError(
        "PARAM_ERROR",
        f"输入源“/{location}{field}”校验失败：{why}",
        {"location": location, "field": field, "value": value, "issue": why},
    )
