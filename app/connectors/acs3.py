"""Alibaba Cloud's request signature, version 3 (ACS3-HMAC-SHA256), for calls of the RPC style."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

_ALGORITHM = "ACS3-HMAC-SHA256"
_EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Call:
    """One call: its parameters travel in the query, its body is empty."""

    host: str
    action: str
    version: str
    query: dict[str, str]


def query_of(call: Call) -> str:
    """The query exactly as it is signed and must be sent."""
    pairs = sorted(call.query.items())
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)


def headers(call: Call, key: tuple[str, str], at: datetime, nonce: str) -> dict[str, str]:
    """All headers of the call, signed with a key pair (id, secret)."""
    signed = {
        "host": call.host,
        "x-acs-action": call.action,
        "x-acs-content-sha256": _EMPTY,
        "x-acs-date": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": call.version,
    }
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    canonical = f"POST\n/\n{query_of(call)}\n{lines}\n{names}\n{_EMPTY}"
    to_sign = f"{_ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(key[1].encode(), to_sign.encode(), hashlib.sha256).hex()
    authorization = f"{_ALGORITHM} Credential={key[0]},SignedHeaders={names},Signature={signature}"
    return {**signed, "Authorization": authorization}
