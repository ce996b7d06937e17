"""Google's token endpoint for service accounts: an assertion in, an access token out.

Source: developers.google.com/identity/protocols/oauth2/service-account, HTTP/REST: grant type
jwt-bearer, RS256, at most an hour between `iat` and `exp`.
"""

import secrets
import threading
from collections import OrderedDict
from typing import Any

import jwt
from flask import Blueprint, Response, jsonify, request
from jwt.types import Options

from miniprogram_stubs import clock
from miniprogram_stubs.keys import ServiceAccount
from miniprogram_stubs.outages import Outages

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPES = {
    "https://www.googleapis.com/auth/firebase.messaging",
    "https://www.googleapis.com/auth/cloud-platform",
}
_LIFETIME_SECONDS = 3600
#: A token is announced a little shorter than it lives.
_ANNOUNCED_SECONDS = 3599
_SKEW_SECONDS = 300
_MOST_TOKENS = 1000

#: What Google's own libraries sign for, wherever `token_uri` points.
GOOGLE_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 an address


class _RefusedGrantError(Exception):
    """OAuth's error code and description."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


class AccessTokens:
    """The access tokens handed out. Thread-safe; forgets the oldest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: OrderedDict[str, float] = OrderedDict()

    def issue(self) -> str:
        """A new token, good for an hour."""
        token = f"ya29.c.{secrets.token_urlsafe(96)}"
        with self._lock:
            self._until[token] = clock.now() + _LIFETIME_SECONDS
            if len(self._until) > _MOST_TOKENS:
                self._until.popitem(last=False)
        return token

    def accept(self, token: str) -> bool:
        """Whether the token is good now."""
        with self._lock:
            return clock.now() < self._until.get(token, 0.0)


def party(account: ServiceAccount, tokens: AccessTokens, outages: Outages) -> Blueprint:
    """POST `/fcm/token`."""
    calls = Blueprint("fcm_tokens", __name__)
    outages.guard(calls, "fcm")

    @calls.post("/fcm/token")
    def exchange() -> tuple[Response, int]:
        try:
            if request.form.get("grant_type") != _GRANT:
                raise _RefusedGrantError("unsupported_grant_type", "Invalid grant_type")
            _check(account, request.form.get("assertion", ""))
        except _RefusedGrantError as refused:
            return jsonify({"error": refused.code, "error_description": refused.description}), 400
        token = {"access_token": tokens.issue(), "expires_in": _ANNOUNCED_SECONDS}
        return jsonify({**token, "token_type": "Bearer"}), 200

    return calls


def _check(account: ServiceAccount, assertion: str) -> None:
    claims = _claims(account, assertion)
    if claims.get("iss") != account.client_email:
        raise _RefusedGrantError("invalid_grant", "Invalid grant: account not found")
    if claims.get("aud") not in (account.token_uri, GOOGLE_TOKEN_URI):
        raise _RefusedGrantError("invalid_grant", "Invalid JWT: Failed audience check.")
    if not _is_timely(claims.get("iat"), claims.get("exp")):
        raise _RefusedGrantError(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
            "timeframe. Check your iat and exp values in the JWT claim.",
        )
    if not _SCOPES & set(str(claims.get("scope", "")).split()):
        raise _RefusedGrantError("invalid_scope", "Invalid OAuth scope or ID token audience.")


def _is_timely(issued: object, expires: object) -> bool:
    if not isinstance(issued, int | float) or not isinstance(expires, int | float):
        return False
    return issued - _SKEW_SECONDS <= clock.now() < expires <= issued + _LIFETIME_SECONDS


def _claims(account: ServiceAccount, assertion: str) -> dict[str, Any]:
    """What the service account signed. The times are judged by our own clock."""
    signature_only: Options = {
        "verify_exp": False,
        "verify_iat": False,
        "verify_aud": False,
        "verify_nbf": False,
    }
    try:
        kid = jwt.get_unverified_header(assertion).get("kid", account.private_key_id)
        if kid != account.private_key_id:
            raise _RefusedGrantError("invalid_grant", "Invalid grant: key not found")
        claims: dict[str, Any] = jwt.decode(
            assertion, account.public_key, algorithms=["RS256"], options=signature_only
        )
    except jwt.InvalidTokenError:
        raise _RefusedGrantError("invalid_grant", "Invalid JWT Signature.") from None
    return claims
