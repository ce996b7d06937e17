"""Tencent Cloud SMS: SendSms as the real gateway answers it, and a view of what arrived.

Source: https://cloud.tencent.com/document/api/382/55981 (SendSms, version 2021-01-11) and the
error codes of https://cloud.tencent.com/document/api/382/59177.
"""

import json
import re
import secrets
import threading
import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, request

from miniprogram_stubs import clock, tc3
from miniprogram_stubs.inputs import BadInputError, limit, mobile, plain_mobile
from miniprogram_stubs.outages import Outages
from miniprogram_stubs.windows import UseWindow
from miniprogram_stubs.world import SmsParty, World

#: The templates of one-time codes. The gateway lets such a template carry digits only.
CODE_TEMPLATE_IDS = frozenset({"2401001", "2401006"})
_VERSION = "2021-01-11"
_MOST_MESSAGES = 200_000
_MOST_PHONES_PER_CALL = 200
#: The console lets the owner choose this limit; it is wide enough for a code and its notices.
_MOST_PER_THIRTY_SECONDS = 10


@dataclass(frozen=True)
class Message:
    """A delivered message; `code` is the one-time code in it, when it is that kind."""

    phone: str
    text: str
    code: str | None
    sent_at: str

    def as_answer(self) -> dict[str, str | None]:
        """What a tester sees of it."""
        return {"text": self.text, "code": self.code, "sent_at": self.sent_at}


class Inbox:
    """All messages delivered lately, of all phones. Thread-safe; forgets the oldest."""

    def __init__(self, most: int = _MOST_MESSAGES) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._all: deque[Message] = deque()
        self._by_phone: dict[str, deque[Message]] = {}

    def deliver(self, message: Message) -> None:
        """Keep a message."""
        with self._lock:
            self._all.append(message)
            self._by_phone.setdefault(message.phone, deque()).append(message)
            if len(self._all) > self._most:
                oldest = self._all.popleft()
                of_phone = self._by_phone[oldest.phone]
                of_phone.popleft()
                if not of_phone:
                    del self._by_phone[oldest.phone]

    def newest(self, phone: str | None, most: int) -> list[Message]:
        """Up to `most` messages, newest first, of one phone or of all."""
        with self._lock:
            kept = self._all if phone is None else self._by_phone.get(phone, ())
            return [message for message, _ in zip(reversed(kept), range(most), strict=False)]


class Gateway:
    """Judges and delivers what one SendSms call asks for."""

    def __init__(self, expected: SmsParty, inbox: Inbox) -> None:
        self._expected = expected
        self._inbox = inbox
        self._recent = UseWindow(_MOST_PER_THIRTY_SECONDS, 30)

    def send(self, body: dict[str, Any]) -> list[dict[str, str | int]]:
        """One send status per phone; raises tc3.SignatureError for what fails as a whole."""
        phones = _texts(body, "PhoneNumberSet")
        if phones is None:
            raise _whole_call_error("MissingParameter", "PhoneNumberSet")
        for name in ("SmsSdkAppId", "TemplateId"):
            if not isinstance(body.get(name), str) or not body[name]:
                raise _whole_call_error("MissingParameter", name)
        if not phones:
            raise _whole_call_error("MissingParameter.EmptyPhoneNumberSet", "PhoneNumberSet")
        if len(phones) > _MOST_PHONES_PER_CALL:
            raise _whole_call_error("LimitExceeded.PhoneNumberCountLimit", "PhoneNumberSet")
        params = _texts(body, "TemplateParamSet") if body.get("TemplateParamSet") else []
        if params is None:
            raise _whole_call_error("InvalidParameter", "TemplateParamSet")
        refusal = self._refusal(body, params)
        context = str(body.get("SessionContext", ""))
        return [
            self._send_one(phone, body, params, refusal) | {"SessionContext": context}
            for phone in phones
        ]

    def _refusal(self, body: dict[str, Any], params: list[str]) -> tuple[str, str] | None:
        """What is wrong with the message itself, whoever is to get it."""
        template = self._expected.templates.get(body["TemplateId"])
        if body["SmsSdkAppId"] != self._expected.sdk_app_id:
            return "UnauthorizedOperation.SmsSdkAppIdVerifyFail", "SmsSdkAppId verification failed"
        if body.get("SignName") != self._expected.sign_name:
            return (
                "FailedOperation.SignatureIncorrectOrUnapproved",
                "signature is incorrect or unapproved",
            )
        if template is None or len(set(re.findall(r"\{\d+\}", template))) != len(params):
            return (
                "FailedOperation.TemplateIncorrectOrUnapproved",
                "template is not approved or request content does not match the approved "
                "template content",
            )
        digits_only = body["TemplateId"] in CODE_TEMPLATE_IDS
        if digits_only and not all(re.fullmatch(r"\d{0,6}", param) for param in params):
            return (
                "InvalidParameterValue.TemplateParameterFormatError",
                "verification code template parameter format error",
            )
        return None

    def _send_one(
        self, phone: str, body: dict[str, Any], params: list[str], refusal: tuple[str, str] | None
    ) -> dict[str, str | int]:
        digits = plain_mobile(phone)
        now = clock.now()
        if digits is None:
            refusal = ("InvalidParameterValue.IncorrectPhoneNumber", "incorrect phone number")
        elif refusal is None and not self._recent.admit(digits, now):
            refusal = (
                "LimitExceeded.PhoneNumberThirtySecondLimit",
                "the number of sms messages sent from a single mobile number within 30 seconds "
                "exceeds the upper limit",
            )
        if refusal is not None or digits is None:
            code, message = refusal or ("", "")
            return {
                "SerialNo": "",
                "PhoneNumber": phone,
                "Fee": 0,
                "Code": code,
                "Message": message,
                "IsoCode": "",
            }
        text = _fill(self._expected.templates[body["TemplateId"]], params)
        one_time = _one_time_code(params) if body["TemplateId"] in CODE_TEMPLATE_IDS else None
        self._inbox.deliver(Message(digits, text, one_time, clock.rfc3339(now)))
        serial = f"5000:{secrets.randbelow(10**21):021d}"
        return {
            "SerialNo": serial,
            "PhoneNumber": f"+86{digits}",
            "Fee": 1,
            "Code": "Ok",
            "Message": "send success",
            "IsoCode": "CN",
        }


def party(world: World, inbox: Inbox, outages: Outages) -> Blueprint:
    """POST `/tencent-sms/`."""
    calls = Blueprint("sms", __name__)
    outages.guard(calls, "sms")
    gateway = Gateway(world.sms, inbox)
    credential = tc3.Credential(world.sms.secret_id, world.sms.secret_key, "sms")

    @calls.post("/tencent-sms/", strict_slashes=False)
    def call() -> Response:
        try:
            tc3.verify(request.headers, request.get_data(), credential)
            _check_action()
            outcome: dict[str, Any] = {"SendStatusSet": gateway.send(_body())}
        except tc3.SignatureError as error:
            outcome = {"Error": {"Code": error.code, "Message": error.message}}
        return jsonify({"Response": {**outcome, "RequestId": str(uuid.uuid4())}})

    return calls


def demonstration_calls(inbox: Inbox) -> Blueprint:
    """GET `/sms/messages`."""
    calls = Blueprint("sms_messages", __name__)

    @calls.get("/sms/messages")
    def messages() -> Response:
        unknown = set(request.args) - {"phone", "limit"}
        if unknown:
            raise BadInputError(f"未知参数：{'、'.join(sorted(unknown))}")
        phone = request.args.get("phone")
        digits = None if phone is None else mobile(phone)
        most = limit(default=50, most=_MOST_MESSAGES) or 50
        return jsonify([message.as_answer() for message in inbox.newest(digits, most)])

    return calls


def _check_action() -> None:
    version = request.headers.get("X-TC-Version", "")
    if version != _VERSION:
        raise tc3.SignatureError("NoSuchVersion", "The API version does not exist.")
    if request.headers.get("X-TC-Action") != "SendSms":
        raise tc3.SignatureError("InvalidAction", "The requested action does not exist.")
    if not request.headers.get("X-TC-Region"):
        raise tc3.SignatureError("MissingParameter", "The request is missing `X-TC-Region`.")


def _body() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise tc3.SignatureError("InvalidParameter", "The request body is not valid JSON.")
    return body


def _whole_call_error(code: str, parameter: str) -> tc3.SignatureError:
    return tc3.SignatureError(code, f"The parameter `{parameter}` is missing or not acceptable.")


def _texts(body: dict[str, Any], name: str) -> list[str] | None:
    value = body.get(name)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    return None


def _fill(template: str, params: list[str]) -> str:
    """Put the parameters in; a parameter that looks like a placeholder is not filled again."""
    return re.sub(r"\{(\d+)\}", lambda match: params[int(match[1]) - 1], template)


def _one_time_code(params: list[str]) -> str | None:
    found = re.search(r"\d{6}", " ".join(params))
    return found[0] if found else None
