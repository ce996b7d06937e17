"""WeChat's server side of a mini-program: login code, access token, phone number.

Source: developers.weixin.qq.com, code2Session, getStableAccessToken and getPhoneNumber.
Errors are HTTP 200 with `errcode`; jscode2session is labelled text/plain, though it is JSON.
"""

import base64
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, jsonify, request

from miniprogram_stubs import clock
from miniprogram_stubs.inputs import BadInputError, json_object, mobile
from miniprogram_stubs.outages import Outages
from miniprogram_stubs.wechat_codes import Codes, CodeState
from miniprogram_stubs.wechat_tokens import StableTokens, TokenState
from miniprogram_stubs.windows import UseWindow
from miniprogram_stubs.world import WechatParty, World

_MESSAGES = {
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40029: "invalid code",
    40037: "invalid template_id",
    40125: "invalid appsecret",
    40163: "code been used",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    41030: "invalid page",
    42001: "access_token expired",
    43002: "require POST method",
    43101: "user refuse to accept the msg",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, mustslower, retry next minute",
    47001: "data format error",
    47003: "argument invalid!",
}
_LOGINS_PER_MINUTE = 100


class WechatError(Exception):
    """An error as WeChat numbers it; `detail` says more where the number is not enough."""

    def __init__(self, errcode: int, detail: str = "") -> None:
        super().__init__(f"{_MESSAGES[errcode]} {detail}".rstrip())
        self.errcode = errcode

    def as_answer(self) -> dict[str, int | str]:
        """WeChat's error object, with the request id it appends to every message."""
        rid = "-".join(secrets.token_hex(4) for _ in range(3))
        return {"errcode": self.errcode, "errmsg": f"{self}, rid: {rid}"}


@dataclass
class Wechat:
    """The platform's memory for one mini-program."""

    expected: WechatParty
    login_codes: Codes = field(default_factory=lambda: Codes(32))
    phone_codes: Codes = field(default_factory=lambda: Codes(64))
    tokens: StableTokens = field(default_factory=StableTokens)
    logins: UseWindow = field(default_factory=lambda: UseWindow(_LOGINS_PER_MINUTE, 60))

    def session_of(self, js_code: str) -> dict[str, str]:
        """openid and session key for a login code; raises WechatError."""
        state, person = self.login_codes.claim(js_code)
        if state is CodeState.USED:
            raise WechatError(40163)
        if person is None or person.openid is None:
            raise WechatError(40029)
        if not self.logins.admit(person.openid, clock.now()):
            raise WechatError(45011)
        session_key = base64.b64encode(secrets.token_bytes(16)).decode()
        return {"session_key": session_key, "openid": person.openid}

    def phone_of(self, code: str) -> dict[str, Any]:
        """The phone a phone code stands for; used and expired codes are invalid alike."""
        _, person = self.phone_codes.claim(code)
        if person is None or person.phone is None:
            raise WechatError(40029)
        return {
            "phoneNumber": person.phone,
            "purePhoneNumber": person.phone,
            "countryCode": "86",
            "watermark": {"timestamp": int(clock.now()), "appid": self.expected.appid},
        }

    def check_credentials(self, appid: str, secret: str) -> None:
        """Raises WechatError unless both are there and right."""
        if not appid:
            raise WechatError(41002)
        if not secret:
            raise WechatError(41004)
        if appid != self.expected.appid:
            raise WechatError(40013)
        if not secrets.compare_digest(secret.encode(), self.expected.secret.encode()):
            raise WechatError(40125)

    def check_access_token(self, token: str) -> None:
        """Raises WechatError unless the token is accepted now."""
        if not token:
            raise WechatError(41001)
        state = self.tokens.judge(token)
        if state is not TokenState.VALID:
            raise WechatError(42001 if state is TokenState.EXPIRED else 40001)


def party(wechat: Wechat, outages: Outages) -> Blueprint:
    """`/wechat/sns/jscode2session`, `/wechat/cgi-bin/stable_token`, getuserphonenumber."""
    calls = Blueprint("wechat", __name__)
    outages.guard(calls, "wechat")
    calls.register_error_handler(WechatError, answer_error)

    @calls.get("/wechat/sns/jscode2session")
    def jscode2session() -> Response:
        wechat.check_credentials(request.args.get("appid", ""), request.args.get("secret", ""))
        if not request.args.get("js_code"):
            raise WechatError(41008)
        if request.args.get("grant_type") != "authorization_code":
            raise WechatError(40002)
        return _plain(wechat.session_of(request.args["js_code"]))

    @calls.route("/wechat/cgi-bin/stable_token", methods=["GET", "POST"])
    def stable_token() -> Response:
        body = posted()
        if body.get("grant_type") != "client_credential":
            raise WechatError(40002)
        wechat.check_credentials(text_of(body, "appid"), text_of(body, "secret"))
        forced = body.get("force_refresh") is True
        token = wechat.tokens.force() if forced else wechat.tokens.get()
        if token is None:
            raise WechatError(45009)
        return jsonify({"access_token": token[0], "expires_in": token[1]})

    @calls.route("/wechat/wxa/business/getuserphonenumber", methods=["GET", "POST"])
    def getuserphonenumber() -> Response:
        body = posted()
        wechat.check_access_token(request.args.get("access_token", ""))
        if not text_of(body, "code"):
            raise WechatError(41008)
        phone_info = wechat.phone_of(text_of(body, "code"))
        return jsonify({"errcode": 0, "errmsg": "ok", "phone_info": phone_info})

    return calls


def demonstration_calls(world: World, wechat: Wechat) -> Blueprint:
    """POST `/wechat/simulate/login`: what the WeChat on somebody's phone would hand out."""
    calls = Blueprint("wechat_simulate", __name__)

    @calls.post("/wechat/simulate/login")
    def login() -> Response:
        body = json_object(("phone",), required=("phone",))
        person = world.by_phone.get(mobile(body["phone"]))
        if person is None:
            raise BadInputError("演示世界中没有人使用这个手机号", 404, "not_found")
        return jsonify(
            {
                "login_code": wechat.login_codes.issue(person),
                "phone_code": wechat.phone_codes.issue(person),
                "openid": person.openid,
            }
        )

    return calls


def answer_error(error: WechatError) -> Response:
    """HTTP 200 with `errcode`, labelled as the call labels its answers."""
    if request.path.endswith("/jscode2session"):
        return _plain(error.as_answer())
    return jsonify(error.as_answer())


def posted() -> dict[str, Any]:
    """The JSON object of a POST; raises WechatError."""
    if request.method != "POST":
        raise WechatError(43002)
    try:
        body = json.loads(request.get_data())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise WechatError(47001)
    return body


def text_of(body: dict[str, Any], name: str) -> str:
    """A field of the body, empty when it is missing or no text."""
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _plain(answer: dict[str, Any]) -> Response:
    return Response(json.dumps(answer), content_type="text/plain")
