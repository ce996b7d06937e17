"""Input of the demonstration's own calls: checked, with answers that say what is wrong.

The real parties' paths do not use this; they answer in the real parties' manner.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import Flask, Response, jsonify, request

_MOBILE = re.compile(r"1[3-9]\d{9}")


class BadInputError(Exception):
    """A demonstration call that cannot be served: HTTP status, stable code, plain message."""

    def __init__(self, message: str, status: int = 422, code: str = "invalid_input") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code


def register_errors(app: Flask) -> None:
    """Answer BadInputError as `{"error": code, "message": text}`."""

    def answer(error: BadInputError) -> tuple[Response, int]:
        return jsonify({"error": error.code, "message": error.message}), error.status

    app.register_error_handler(BadInputError, answer)


def json_object(allowed: Iterable[str], required: Iterable[str]) -> dict[str, Any]:
    """The request's JSON object; refuses other content, unknown fields and missing fields."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadInputError("请求体须为 JSON 对象，Content-Type 须为 application/json", 400)
    unknown = sorted(set(body) - set(allowed))
    if unknown:
        raise BadInputError(f"未知字段：{'、'.join(unknown)}")
    missing = sorted(field for field in required if body.get(field) in (None, ""))
    if missing:
        raise BadInputError(f"缺少字段：{'、'.join(missing)}")
    return body


def text(body: dict[str, Any], name: str) -> str:
    """A field of the body that must be text."""
    value = body[name]
    if not isinstance(value, str):
        raise BadInputError(f"{name} 须为字符串")
    return value


def mobile(value: object) -> str:
    """Eleven digits of a mainland mobile number, given with or without +86."""
    digits = plain_mobile(value)
    if digits is None:
        raise BadInputError(f"不是有效的手机号：{value}")
    return digits


def plain_mobile(value: object) -> str | None:
    """Eleven digits, or None when it is no mainland mobile number.

    Accepts the prefixes Tencent's SendSms accepts: +86, 0086, 86 or none. A `+` that arrives
    as a blank is one that a client forgot to escape in a query string.
    """
    if not isinstance(value, str):
        return None
    digits = re.sub(r"^(?:\+| |00)?86(?=1\d{10}$)", "", value)
    return digits if _MOBILE.fullmatch(digits) else None


def moment(value: object, field: str) -> datetime:
    """An aware datetime from RFC 3339 text; a time without offset is refused."""
    try:
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise BadInputError(f"{field} 须为带时区的 RFC 3339 时间，例如 2026-01-01T00:00:00+08:00")
    return parsed


def limit(default: int | None, most: int) -> int | None:
    """The query parameter `limit`, from 1 to `most`; `default` when it is absent."""
    text = request.args.get("limit")
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,7}", text) or not 1 <= int(text) <= most:
        raise BadInputError(f"limit 须为 1 到 {most} 的整数")
    return int(text)
