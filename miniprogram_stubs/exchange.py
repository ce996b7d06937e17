"""The envelope of the national data-sharing exchange: signed headers in, code and data out.

Every call carries `gjgxjhpt_rid` (who asks), `gjgxjhpt_sid` (which service), `gjgxjhpt_rtime`
(milliseconds) and `gjgxjhpt_sign` = base64(HMAC-SHA256(appkey, sid + rid + rtime)). The header
names may be written with `-`: WSGI folds both spellings into one, and proxies drop underscores.
Whatever goes wrong, the HTTP status is 200 and `code` says it.
"""

import base64
import hmac
import re
from typing import Any

from flask import Response, jsonify, request

from miniprogram_stubs import clock
from miniprogram_stubs.world import ExchangeParty

_TOLERANCE_MS = 300_000


class RefusedError(Exception):
    """A call the exchange refuses: its own `code` and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def answer(data: object) -> Response:
    """A success with its data."""
    return jsonify({"code": "200", "message": "成功", "data": data})


def refuse(refused: RefusedError) -> Response:
    """A refusal in the exchange's envelope, HTTP 200."""
    return jsonify({"code": refused.code, "message": refused.message, "data": None})


def verify_caller(party: ExchangeParty) -> None:
    """Check the four headers of the current request; raises RefusedError."""
    rid, sid, rtime, sign = (_header(name) for name in ("rid", "sid", "rtime", "sign"))
    if rid != party.rid:
        raise RefusedError("401", "请求者标识不存在")
    if sid != party.sid:
        raise RefusedError("403", "请求者未获授权访问该服务")
    if not re.fullmatch(r"\d{13}", rtime):
        raise RefusedError("401", "请求时间须为 13 位毫秒时间戳")
    if abs(clock.now() * 1000 - int(rtime)) > _TOLERANCE_MS:
        raise RefusedError("401", "请求时间超出允许范围")
    digest = hmac.digest(party.appkey.encode(), f"{sid}{rid}{rtime}".encode(), "sha256")
    if not hmac.compare_digest(base64.b64encode(digest), sign.encode()):
        raise RefusedError("401", "签名校验失败")


def parameters(*names: str) -> list[str]:
    """The named fields of the JSON body, all of them non-empty text; raises RefusedError."""
    body = _body()
    values = [body.get(name) for name in names]
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, str) or not value:
            raise RefusedError("400", f"请求参数错误：{name}")
    return [str(value) for value in values]


def optional_parameter(name: str) -> str | None:
    """A field of the JSON body that may be missing; raises RefusedError when it is not text."""
    value = _body().get(name)
    if value is not None and (not isinstance(value, str) or not value):
        raise RefusedError("400", f"请求参数错误：{name}")
    return value


def _body() -> dict[str, Any]:
    body: Any = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise RefusedError("400", "请求体须为 JSON 对象")
    return body


def _header(name: str) -> str:
    value = request.headers.get(f"gjgxjhpt-{name}", "")
    if not value:
        raise RefusedError("401", f"缺少请求头 gjgxjhpt_{name}")
    return value
