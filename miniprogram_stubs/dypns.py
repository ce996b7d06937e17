"""Aliyun's number authentication (Dypnsapi 2017-05-25): GetMobile, signed by ACS3-HMAC-SHA256.

Source: help.aliyun.com, "V3 request structure and signature", and the published SDK of Dypnsapi. How a
bad token is named is not public; `isv.TOKEN_INVALID` is this stand-in's own word for it.
"""

import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass, field
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request

from miniprogram_stubs.inputs import BadInputError, json_object, mobile
from miniprogram_stubs.outages import Outages
from miniprogram_stubs.ways_in import OneTapParty
from miniprogram_stubs.wechat_codes import Codes
from miniprogram_stubs.world import World

_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})"
)
_MUST_BE_SIGNED = {"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce"}


class AliyunError(Exception):
    """A refusal as the gateway writes it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass
class Carrier:
    """Which token the SDK on which phone was given."""

    expected: OneTapParty
    tokens: Codes = field(default_factory=lambda: Codes(64))

    def check(self) -> None:
        """Raises AliyunError unless the present request is signed. The path is always taken as `/`."""
        found = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        if found is None:
            raise AliyunError("MissingAuthorization", "Authorization is missing or malformed.")
        if found[1] != self.expected.access_key_id:
            raise AliyunError("InvalidAccessKeyId.NotFound", "AccessKeyId is not found.", 404)
        names = found[2].split(";")
        payload = hashlib.sha256(request.get_data()).hexdigest()
        whole = set(names) >= _MUST_BE_SIGNED and names == sorted(set(names))
        if not whole or request.headers.get("x-acs-content-sha256") != payload:
            raise AliyunError("SignatureDoesNotMatch", "Specified signature is not matched.")
        pairs = sorted(request.args.items())
        query = "&".join(
            f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs
        )
        lines = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
        canonical = f"{request.method}\n/\n{query}\n{lines}\n{found[2]}\n{payload}"
        to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        secret = self.expected.access_key_secret.encode()
        if not hmac.compare_digest(hmac.digest(secret, to_sign.encode(), "sha256").hex(), found[3]):
            raise AliyunError("SignatureDoesNotMatch", "Specified signature is not matched.")

    def mobile(self) -> str:
        """The number behind the token; raises AliyunError."""
        action = (request.headers["x-acs-action"], request.headers["x-acs-version"])
        if action != ("GetMobile", "2017-05-25"):
            raise AliyunError("InvalidAction.NotFound", "Specified api is not found.", 404)
        if not request.args.get("AccessToken"):
            raise AliyunError("MissingAccessToken", "AccessToken is mandatory for this action.")
        _, person = self.tokens.claim(request.args["AccessToken"])
        if person is None or person.phone is None:
            raise AliyunError("isv.TOKEN_INVALID", "token无效或已使用", 200)
        return person.phone


def party(carrier: Carrier, outages: Outages) -> Blueprint:
    """POST `/dypns/`."""
    calls = Blueprint("dypns", __name__)
    outages.guard(calls, "dypns")

    @calls.post("/dypns/")
    def call() -> tuple[Response, int]:
        answer = {"RequestId": str(uuid.uuid4()).upper()}
        try:
            carrier.check()
            found = {"GetMobileResultDTO": {"Mobile": carrier.mobile()}}
            return jsonify({**answer, "Code": "OK", "Message": "请求成功", **found}), 200
        except AliyunError as error:
            return jsonify({**answer, "Code": error.code, "Message": str(error)}), error.status

    return calls


def demonstration_calls(world: World, carrier: Carrier) -> Blueprint:
    """POST `/dypns/simulate/token`: what the carrier's SDK on somebody's phone would hand out."""
    calls = Blueprint("dypns_simulate", __name__)

    @calls.post("/dypns/simulate/token")
    def token() -> Response:
        body = json_object(("phone",), required=("phone",))
        person = world.by_phone.get(mobile(body["phone"]))
        if person is None:
            raise BadInputError("演示世界中没有人使用这个手机号", 404, "not_found")
        return jsonify({"token": carrier.tokens.issue(person)})

    return calls
