"""Calls of Tencent Cloud's services: JSON signed by TC3-HMAC-SHA256."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from app.core import clock
from app.core.http import Party, PartyRefused, PartyUnavailable

CONTENT_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Service:
    """One service and the key pair it is called with."""

    name: str
    version: str
    secret_id: str
    secret_key: str
    region: str | None = None


def call(party: Party, service: Service, action: str, body: dict[str, Any]) -> dict[str, Any]:
    """The `Response` of the answer.

    Raises `PartyUnavailable`; as `PartyRefused` when the service answered with an error of its own.
    """
    payload = json.dumps(body, ensure_ascii=False).encode()
    headers = _headers(party.host, service, action, payload)
    answer = party.request("POST", "/", content=payload, headers=headers)
    try:
        response: dict[str, Any] = json.loads(answer.body)["Response"]
        refused = "Error" in response
    except (ValueError, KeyError, TypeError):
        raise PartyUnavailable(party.name) from None
    if refused:
        raise PartyRefused(party.name)
    return response


def _headers(host: str, service: Service, action: str, payload: bytes) -> dict[str, str]:
    at = clock.now()
    day = at.astimezone(UTC).strftime("%Y-%m-%d")
    signed = "content-type;host;x-tc-action"
    canonical = (
        f"POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{host}\n"
        f"x-tc-action:{action.lower()}\n\n{signed}\n{hashlib.sha256(payload).hexdigest()}"
    )
    scope = f"{day}/{service.name}/tc3_request"
    timestamp = str(int(at.timestamp()))
    to_sign = (
        f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    )
    key = f"TC3{service.secret_key}".encode()
    for part in (day, service.name, "tc3_request"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    signature = hmac.digest(key, to_sign.encode(), hashlib.sha256).hex()
    headers = {
        "Content-Type": CONTENT_TYPE,
        "Host": host,
        "X-TC-Action": action,
        "X-TC-Version": service.version,
        "X-TC-Timestamp": timestamp,
        "Authorization": (
            f"TC3-HMAC-SHA256 Credential={service.secret_id}/{scope}, "
            f"SignedHeaders={signed}, Signature={signature}"
        ),
    }
    return headers | ({"X-TC-Region": service.region} if service.region else {})
