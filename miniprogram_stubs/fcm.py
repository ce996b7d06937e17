"""Firebase Cloud Messaging, HTTP v1: messages to devices, and a view of what arrived.

Source: firebase.google.com/docs/reference/fcm/rest/v1/projects.messages and its ErrorCode. A
device token that begins with `bad-` brings the error it names, so that every one can be tried.
"""

import json
import re
import secrets
from typing import Any

from flask import Blueprint, Response, jsonify, request

from miniprogram_stubs import clock
from miniprogram_stubs.fcm_inbox import Inbox, collapse_key_of, device_of
from miniprogram_stubs.fcm_tokens import AccessTokens
from miniprogram_stubs.inputs import BadInputError, limit
from miniprogram_stubs.outages import Outages
from miniprogram_stubs.world import FcmParty

_TYPES = "type.googleapis.com/google"
_LARGEST_PAYLOAD_BYTES = 4096
_FIELDS = {
    *("name", "data", "notification", "android", "webpush", "apns", "fcm_options", "fcmOptions"),
    *("token", "fid", "topic", "condition"),
}
#: HTTP status, Google's status, FCM's error code and message, by the token's prefix.
_BAD_TOKENS = {
    "bad-unregistered-": (404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found."),
    "bad-sender-": (403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", "SenderId mismatch"),
    "bad-quota-": (429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "Quota exceeded for quota metric."),
    "bad-argument-": (
        *(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        "The registration token is not a valid FCM registration token",
    ),
    "bad-apns-": (
        *(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
        "Auth error from APNS or Web Push Service",
    ),
    "bad-unavailable-": (
        503,
        "UNAVAILABLE",
        "UNAVAILABLE",
        "The service is currently unavailable.",
    ),
    "bad-internal-": (500, "INTERNAL", "INTERNAL", "Internal error encountered."),
}
_QUOTA_RETRY_SECONDS = 60


class _RefusedError(Exception):
    """A refused message: HTTP status, Google's status, message, details, seconds to wait."""

    def __init__(
        self, http: tuple[int, str], message: str, details: list[dict[str, Any]], wait: int = 0
    ) -> None:
        super().__init__(message)
        self.code, self.status = http
        self.message = message
        self.details = details
        self.wait = wait


def party(fcm: FcmParty, tokens: AccessTokens, inbox: Inbox, outages: Outages) -> Blueprint:
    """POST `/fcm/v1/projects/{project}/messages:send`."""
    calls = Blueprint("fcm", __name__)
    outages.guard(calls, "fcm")
    calls.register_error_handler(_RefusedError, _refuse)

    @calls.post("/fcm/v1/projects/<project>/messages:send")
    def send(project: str) -> Response:
        _authorise(fcm, tokens, project)
        message, validate_only = _message()
        _refuse_bad_token(device_of(message))
        if validate_only:
            return jsonify({"name": f"projects/{project}/messages/fake_message_id"})
        name = f"projects/{project}/messages/0:{int(clock.now() * 1e6)}%{secrets.token_hex(8)}"
        inbox.deliver(name, message)
        return jsonify({"name": name})

    return calls


def demonstration_calls(inbox: Inbox) -> Blueprint:
    """GET `/fcm/messages`."""
    calls = Blueprint("fcm_messages", __name__)

    @calls.get("/fcm/messages")
    def messages() -> Response:
        unknown = set(request.args) - {"token", "limit"}
        if unknown:
            raise BadInputError(f"未知参数：{'、'.join(sorted(unknown))}")
        most = limit(default=50, most=10_000) or 50
        return jsonify(inbox.newest(request.args.get("token"), most))

    return calls


def _authorise(fcm: FcmParty, tokens: AccessTokens, project: str) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not tokens.accept(token.strip()):
        reason = "ACCESS_TOKEN_EXPIRED" if token else "CREDENTIALS_MISSING"
        raise _RefusedError(
            (401, "UNAUTHENTICATED"),
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
            "cookie or other valid authentication credential.",
            [{"@type": f"{_TYPES}.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}],
        )
    if project != fcm.project_id:
        raise _RefusedError(
            (403, "PERMISSION_DENIED"),
            "Permission 'cloudmessaging.messages.create' denied on resource "
            f"'//cloudresourcemanager.googleapis.com/projects/{project}' (or it may not exist).",
            [{"@type": f"{_TYPES}.rpc.ErrorInfo", "reason": "IAM_PERMISSION_DENIED"}],
        )


def _message() -> tuple[dict[str, Any], bool]:
    """The message and whether it is only to be judged; raises _RefusedError."""
    body: Any = request.get_json(silent=True, force=True)
    if not isinstance(body, dict):
        raise _wrong("body", "Invalid JSON payload received.")
    if unknown := sorted(set(body) - {"message", "validate_only", "validateOnly"}):
        raise _wrong(unknown[0], f'Unknown name "{unknown[0]}": Cannot find field.')
    message = body.get("message")
    if not isinstance(message, dict):
        raise _wrong("message", "Message is missing.")
    if unknown := sorted(set(message) - _FIELDS):
        raise _wrong(unknown[0], f"Unknown name \"{unknown[0]}\" at 'message': Cannot find field.")
    targets = [name for name in ("token", "fid", "topic", "condition") if message.get(name)]
    if len(targets) != 1 or not isinstance(message[targets[0]], str):
        raise _wrong("message", "Exactly one of token, fid, topic or condition is required")
    data = message.get("data") or {}
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise _wrong("message.data", "Invalid value at 'message.data' (TYPE_STRING)")
    maps = _is_map(message, "notification", "android", "apns", "webpush")
    if not maps or not _is_map(message.get("apns", {}), "headers"):
        raise _wrong("message", "notification, android, apns and webpush must be objects")
    payload = {"notification": message.get("notification"), "data": data}
    if len(json.dumps(payload, ensure_ascii=False).encode()) > _LARGEST_PAYLOAD_BYTES:
        raise _wrong("message", "Message too big")
    collapse_key = collapse_key_of(message)
    if collapse_key is not None and not isinstance(collapse_key, str):
        raise _wrong("message.android.collapse_key", "Invalid value (TYPE_STRING)")
    return message, (body.get("validate_only") or body.get("validateOnly")) is True


def _is_map(message: dict[str, Any], *names: str) -> bool:
    return all(isinstance(message.get(name, {}), dict) for name in names)


def _wrong(field: str, why: str) -> _RefusedError:
    details: list[dict[str, Any]] = [
        {
            "@type": f"{_TYPES}.rpc.BadRequest",
            "fieldViolations": [{"field": field, "description": why}],
        },
        {"@type": f"{_TYPES}.firebase.fcm.v1.FcmError", "errorCode": "INVALID_ARGUMENT"},
    ]
    return _RefusedError((400, "INVALID_ARGUMENT"), why, details)


def _refuse_bad_token(token: str) -> None:
    """`bad-quota-5-…` also says how many seconds to wait."""
    prefix = next((prefix for prefix in _BAD_TOKENS if token.startswith(prefix)), None)
    if prefix is None:
        return
    http, status, code, message = _BAD_TOKENS[prefix]
    details = [{"@type": f"{_TYPES}.firebase.fcm.v1.FcmError", "errorCode": code}]
    asked = re.match(r"bad-quota-(\d{1,3})-", token)
    wait = int(asked[1]) if asked else _QUOTA_RETRY_SECONDS
    raise _RefusedError((http, status), message, details, wait if http == 429 else 0)


def _refuse(error: _RefusedError) -> tuple[Response, int, dict[str, str]]:
    body = {
        "error": {
            "code": error.code,
            "message": error.message,
            "status": error.status,
            "details": error.details,
        }
    }
    headers = {"Retry-After": str(error.wait)} if error.wait else {}
    if error.code == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/"'
    return jsonify(body), error.code, headers
