"""Checks Tencent Cloud's request signature, version 3 (TC3-HMAC-SHA256).

Source: https://cloud.tencent.com/document/api/213/30654 (signature method v3) and the common
error codes of https://cloud.tencent.com/document/api/382/38780.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Protocol

from miniprogram_stubs import clock

_ALGORITHM = "TC3-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 +Credential=(?P<id>[^/,\s]+)/(?P<date>\d{4}-\d{2}-\d{2})"
    r"/(?P<service>[a-z0-9]+)/tc3_request, *"
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), *Signature=(?P<signature>[0-9a-f]{64})"
)
_MUST_BE_SIGNED = {"content-type", "host"}
_TOLERANCE_SECONDS = 300


class Headers(Protocol):
    """Request headers, looked up without regard to case."""

    def get(self, key: str, default: str, /) -> str:
        """The header's value, or the default."""


class SignatureError(Exception):
    """A refused request: Tencent's error `code` and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Credential:
    """A key pair and the service it is used for, e.g. `sms`."""

    secret_id: str
    secret_key: str
    service: str


def verify(headers: Headers, payload: bytes, credential: Credential) -> None:
    """Check a POST to `/` without query; raises SignatureError with Tencent's code.

    `headers` is looked up without regard to case; `payload` are the raw bytes of the body.
    The path is always taken as `/`: the real gateway has no other, and here a prefix only
    tells several parties behind one port apart.
    """
    timestamp = _timestamp(headers)
    match = _AUTHORIZATION.fullmatch(headers.get("Authorization", "").strip())
    if match is None:
        raise SignatureError(
            "AuthFailure.InvalidAuthorization",
            "The `Authorization` in the request header is invalid.",
        )
    if match["id"] != credential.secret_id:
        raise SignatureError("AuthFailure.SecretIdNotFound", "The SecretId is not found.")
    if abs(clock.now() - timestamp) > _TOLERANCE_SECONDS:
        raise SignatureError(
            "AuthFailure.SignatureExpire",
            "Signature expired. The timestamp differs from the server time by more than "
            "five minutes.",
        )
    signed = match["headers"].split(";")
    scope_is_right = (
        match["date"] == clock.utc_date(timestamp) and match["service"] == credential.service
    )
    if not scope_is_right or not set(signed) >= _MUST_BE_SIGNED or signed != sorted(set(signed)):
        raise _wrong_signature()
    request_hash = _canonical_request_hash(headers, signed, payload)
    expected = _signature(credential, timestamp, request_hash)
    if not hmac.compare_digest(expected, match["signature"]):
        raise _wrong_signature()


def _timestamp(headers: Headers) -> int:
    text = headers.get("X-TC-Timestamp", "")
    if not text:
        raise SignatureError("MissingParameter", "The request is missing `X-TC-Timestamp`.")
    if not re.fullmatch(r"\d{1,12}", text):
        raise SignatureError("InvalidParameterValue", "`X-TC-Timestamp` is not a UNIX time.")
    return int(text)


def _canonical_request_hash(headers: Headers, signed: list[str], payload: bytes) -> str:
    lines = "".join(f"{name}:{headers.get(name, '').strip().lower()}\n" for name in signed)
    canonical = "\n".join(
        ["POST", "/", "", lines, ";".join(signed), hashlib.sha256(payload).hexdigest()]
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _signature(credential: Credential, timestamp: int, request_hash: str) -> str:
    date = clock.utc_date(timestamp)
    scope = f"{date}/{credential.service}/tc3_request"
    to_sign = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{request_hash}"
    key = f"TC3{credential.secret_key}".encode()
    for part in (date, credential.service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()


def _wrong_signature() -> SignatureError:
    return SignatureError(
        "AuthFailure.SignatureFailure",
        "The provided credentials could not be validated. Please check your signature is correct.",
    )
