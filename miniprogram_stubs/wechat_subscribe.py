"""WeChat's subscribe messages: each consent is good for one message of one template.

Source: developers.weixin.qq.com, subscribeMessage.send and the field limits on its page.
"""

import re
import secrets
import threading
from collections import Counter, deque
from typing import Any

from flask import Blueprint, Response, jsonify, request

from miniprogram_stubs import clock
from miniprogram_stubs.inputs import BadInputError, json_object, limit, text
from miniprogram_stubs.outages import Outages
from miniprogram_stubs.wechat import Wechat, WechatError, answer_error, posted, text_of
from miniprogram_stubs.world import SubscribeTemplate, World

_MOST_MESSAGES = 100_000
_MOST_CONSENTS = 1000
_TIME = r"\d{1,2}:\d{2}(:\d{2})?"
_DATE = r"\d{4}(年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2})"
#: What a field may hold, by the letters its name begins with.
_LIMITS = {
    "thing": r".{1,20}",
    "phrase": r"[\u4e00-\u9fff]{1,5}",
    "character_string": r"[\x20-\x7e]{1,32}",
    "number": r"(?=.{1,32}$)\d+(\.\d+)?",
    "amount": r"[¥￥]?\d{1,10}(\.\d{1,2})?元?",
    "date": rf"{_DATE}( {_TIME})?",
    "time": rf"({_DATE} )?{_TIME}|{_DATE}",
    "name": r"[\u4e00-\u9fff]{1,10}|[A-Za-z *]{1,20}|[\u4e00-\u9fff*]{1,10}",
}
_PAGE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_/-]*(\?[^\s#]*)?")
_STATES = ("", "developer", "trial", "formal")
_LANGUAGES = ("", "zh_CN", "en_US", "zh_HK", "zh_TW")


class Subscriptions:
    """Consents that are left and messages that arrived. Thread-safe and bounded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._consents: Counter[tuple[str, str]] = Counter()
        self._messages: deque[dict[str, Any]] = deque(maxlen=_MOST_MESSAGES)

    def consent(self, openid: str, template_id: str) -> int:
        """One more message allowed; how many are now."""
        with self._lock:
            left = min(self._consents[openid, template_id] + 1, _MOST_CONSENTS)
            self._consents[openid, template_id] = left
            return left

    def deliver(self, message: dict[str, Any]) -> None:
        """Use a consent up and keep the message; raises WechatError when there is none."""
        key = (message["openid"], message["template_id"])
        with self._lock:
            if self._consents[key] < 1:
                raise WechatError(43101)
            self._consents[key] -= 1
            self._messages.append(message)

    def newest(self, openid: str | None, most: int) -> list[dict[str, Any]]:
        """Up to `most` messages, newest first, of one person or of all."""
        with self._lock:
            kept = list(reversed(self._messages))
        return [entry for entry in kept if openid in (None, entry["openid"])][:most]


def party(world: World, wechat: Wechat, inbox: Subscriptions, outages: Outages) -> Blueprint:
    """POST `/wechat/cgi-bin/message/subscribe/send`."""
    calls = Blueprint("wechat_subscribe", __name__)
    outages.guard(calls, "wechat")
    calls.register_error_handler(WechatError, answer_error)
    openids = frozenset(person.openid for person in world.people if person.openid)

    @calls.route("/wechat/cgi-bin/message/subscribe/send", methods=["GET", "POST"])
    def send() -> Response:
        body = posted()
        wechat.check_access_token(request.args.get("access_token", ""))
        template = world.wechat.templates.get(text_of(body, "template_id"))
        if template is None:
            raise WechatError(40037)
        if text_of(body, "touser") not in openids:
            raise WechatError(40003)
        values = _values(template, body.get("data"))
        page = text_of(body, "page")
        if page and not _PAGE.fullmatch(page):
            raise WechatError(41030)
        _check_choices(body)
        inbox.deliver(_kept(body, template, values))
        msgid = 10**18 + secrets.randbelow(10**18)
        return jsonify({"errcode": 0, "errmsg": "ok", "msgid": msgid})

    return calls


def demonstration_calls(world: World, inbox: Subscriptions) -> Blueprint:
    """POST `/wechat/simulate/subscribe`, GET `/wechat/subscribe-messages`."""
    calls = Blueprint("wechat_subscribe_simulate", __name__)
    openids = frozenset(person.openid for person in world.people if person.openid)

    @calls.post("/wechat/simulate/subscribe")
    def subscribe() -> Response:
        fields = ("openid", "template_ids")
        body = json_object(fields, required=fields)
        openid, template_ids = text(body, "openid"), body["template_ids"]
        if openid not in openids:
            raise BadInputError("演示世界中没有人使用这个 openid", 404, "not_found")
        if not isinstance(template_ids, list) or not 1 <= len(template_ids) <= 5:
            raise BadInputError("template_ids 须为 1 到 5 个模板编号的数组")
        for template_id in template_ids:
            if not isinstance(template_id, str) or template_id not in world.wechat.templates:
                raise BadInputError(f"没有这个模板：{template_id}")
        return jsonify({each: inbox.consent(openid, each) for each in template_ids})

    @calls.get("/wechat/subscribe-messages")
    def messages() -> Response:
        unknown = set(request.args) - {"openid", "limit"}
        if unknown:
            raise BadInputError(f"未知参数：{'、'.join(sorted(unknown))}")
        most = limit(default=50, most=10_000) or 50
        return jsonify(inbox.newest(request.args.get("openid"), most))

    return calls


def _values(template: SubscribeTemplate, data: object) -> dict[str, str]:
    """The template's fields filled; raises WechatError naming the first that does not fit."""
    given = data if isinstance(data, dict) else {}
    if unknown := sorted(set(given) - set(template.fields)):
        raise WechatError(47003, f"data.{unknown[0]} is not in the template")
    values: dict[str, str] = {}
    for name in template.fields:
        entry = given.get(name)
        value = entry.get("value") if isinstance(entry, dict) else None
        allowed = _LIMITS[re.sub(r"\d+$", "", name)]
        if not isinstance(value, str) or not re.fullmatch(allowed, value):
            raise WechatError(47003, f"data.{name}.value invalid")
        values[name] = value
    return values


def _check_choices(body: dict[str, Any]) -> None:
    if text_of(body, "miniprogram_state") not in _STATES:
        raise WechatError(47003, "miniprogram_state invalid")
    if text_of(body, "lang") not in _LANGUAGES:
        raise WechatError(47003, "lang invalid")


def _kept(
    body: dict[str, Any], template: SubscribeTemplate, values: dict[str, str]
) -> dict[str, Any]:
    """The message as a tester sees it: `lines` is what the card on the phone reads."""
    return {
        "openid": body["touser"],
        "template_id": body["template_id"],
        "title": template.title,
        "page": text_of(body, "page"),
        "data": values,
        "lines": [f"{label}：{values[name]}" for name, label in template.fields.items()],
        "sent_at": clock.rfc3339(clock.now()),
    }
