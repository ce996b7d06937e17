"""Alipay's open platform for a mini-program: who opened it, and their phone.

Source: opendocs.alipay.com, alipay.system.oauth.token, "RSA2 signature", "interface content encryption"
and my.getPhoneNumber. Requests are signed by the application over its sorted fields, answers by Alipay
over the bytes of their node; an encrypted phone over its base64 text in quotation marks.
"""

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.padding import PKCS7
from flask import Blueprint, Response, jsonify, request

from miniprogram_stubs import clock
from miniprogram_stubs.inputs import BadInputError, json_object, mobile
from miniprogram_stubs.keys import AlipayKeys
from miniprogram_stubs.outages import Outages
from miniprogram_stubs.ways_in import AlipayParty
from miniprogram_stubs.wechat_codes import Codes, CodeState
from miniprogram_stubs.world import Person, World

_METHOD = "alipay.system.oauth.token"
_NODE = "alipay_system_oauth_token_response"
_BEIJING = timezone(timedelta(hours=8))
_NEEDED = ("app_id", "method", "charset", "sign_type", "sign", "timestamp", "version")


class AlipayError(Exception):
    """An error as the gateway names it."""

    def __init__(self, code: str, message: str, sub_code: str, sub_message: str) -> None:
        super().__init__(sub_code)
        self.body = {
            "code": code,
            "msg": message,
            "sub_code": sub_code,
            "sub_msg": sub_message,
        }


def _invalid(sub_code: str, sub_message: str) -> AlipayError:
    return AlipayError("40002", "Invalid Arguments", sub_code, sub_message)


@dataclass
class Alipay:
    """The platform's memory for one mini-program."""

    expected: AlipayParty
    keys: AlipayKeys
    codes: Codes = field(default_factory=lambda: Codes(32))

    def check(self, fields: dict[str, str]) -> None:
        """Raises AlipayError unless our application signed exactly these fields."""
        for name in _NEEDED:
            if not fields.get(name):
                raise AlipayError(
                    "40001", "Missing Required Arguments", f"isv.missing-{name}", f"缺少{name}参数"
                )
        if fields["app_id"] != self.expected.app_id:
            raise _invalid("isv.invalid-app-id", "无效的AppID参数")
        if fields["sign_type"] != "RSA2":
            raise _invalid("isv.invalid-signature-type", "无效的签名类型")
        if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", fields["timestamp"]):
            raise _invalid("isv.invalid-timestamp", "非法的时间戳参数")
        named = sorted((name, value) for name, value in fields.items() if name != "sign" and value)
        text = "&".join(f"{name}={value}" for name, value in named)
        try:
            signature = base64.b64decode(fields["sign"], validate=True)
            self.keys.application.verify(signature, text.encode(), PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            raise _invalid("isv.invalid-signature", "无效签名") from None

    def token(self, fields: dict[str, str]) -> dict[str, str]:
        """Open id and access token for an authorisation code; raises AlipayError."""
        if fields["method"] != _METHOD:
            raise _invalid("isv.invalid-method", "不存在的方法名")
        if fields.get("grant_type") != "authorization_code":
            raise _invalid("isv.grant-type-invalid", "grant_type参数不正确")
        state, person = self.codes.claim(fields.get("code", ""))
        if state is CodeState.USED:
            raise _invalid("isv.code-is-reused", "授权码code被重复使用")
        if person is None:
            raise _invalid("isv.code-invalid", "授权码code无效")
        started = datetime.fromtimestamp(clock.now(), UTC).astimezone(_BEIJING)
        return {
            "access_token": "authbseB" + secrets.token_hex(16),
            "auth_start": f"{started:%Y-%m-%d %H:%M:%S}",
            "expires_in": "1296000",
            "open_id": open_id(person),
            "re_expires_in": "2592000",
            "refresh_token": "authbseB" + secrets.token_hex(16),
        }

    def signature(self, signed: str) -> str:
        """Alipay's own, in base64."""
        return base64.b64encode(self.keys.own.sign(signed.encode(), PKCS1v15(), SHA256())).decode()

    def phone(self, person: Person) -> str:
        """What `my.getPhoneNumber` hands the mini-program."""
        plain = json.dumps({"code": "10000", "msg": "Success", "mobile": person.phone})
        padder = PKCS7(128).padder()
        padded = padder.update(plain.encode()) + padder.finalize()
        key = base64.b64decode(self.expected.aes_key)
        encryptor = Cipher(AES(key), CBC(bytes(16))).encryptor()
        sealed = base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()
        return json.dumps({"response": sealed, "sign": self.signature(f'"{sealed}"')})


def open_id(person: Person) -> str:
    """Alipay's pseudonym for somebody within the mini-program."""
    digest = hashlib.sha256(f"alipay {person.key}".encode()).digest()
    return "0" + base64.urlsafe_b64encode(digest).decode()[:31].replace("_", "a")


def party(alipay: Alipay, outages: Outages) -> Blueprint:
    """POST `/alipay/gateway.do`."""
    calls = Blueprint("alipay", __name__)
    outages.guard(calls, "alipay")

    @calls.post("/alipay/gateway.do")
    def gateway() -> Response:
        fields = {**request.args.to_dict(), **request.form.to_dict()}
        try:
            alipay.check(fields)
            return _answer(alipay, _NODE, alipay.token(fields))
        except AlipayError as error:
            return _answer(alipay, "error_response", error.body)

    return calls


def demonstration_calls(world: World, alipay: Alipay) -> Blueprint:
    """POST `/alipay/simulate/login`: what the Alipay on somebody's phone would hand out."""
    calls = Blueprint("alipay_simulate", __name__)

    @calls.post("/alipay/simulate/login")
    def login() -> Response:
        body = json_object(("phone",), required=("phone",))
        person = world.by_phone.get(mobile(body["phone"]))
        if person is None:
            raise BadInputError("演示世界中没有人使用这个手机号", 404, "not_found")
        return jsonify(
            {
                "login_code": alipay.codes.issue(person),
                "phone_code": alipay.phone(person),
                "open_id": open_id(person),
            }
        )

    return calls


def _answer(alipay: Alipay, node: str, content: dict[str, str]) -> Response:
    """The node's bytes are signed as they stand, so the text is put together by hand."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    body = f'{{"{node}":{text},"sign":"{alipay.signature(text)}"}}'
    return Response(body, content_type="text/html;charset=utf-8")
