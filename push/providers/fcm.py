"""Firebase Cloud Messaging through firebase-admin.

The library offers no address, no retry policy and no per-message authorisation, so three parts are
ours: an adapter that carries its calls to the address in our settings and repeats nothing (deliveries
have their own retries, and the library would sleep through a whole Retry-After); credentials that are
renewed before a batch and never inside it (one token's 401 must not renew, fail and take the batch
along); and a batch no longer than the threads we allow.
"""

import threading
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import firebase_admin
import requests
import structlog
from firebase_admin import exceptions, messaging
from google.auth import credentials as google_credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from app.core import metrics
from app.core.ids import new_id
from app.parties import FcmSettings
from push.providers.base import Knock, Result

log = structlog.get_logger()

#: The library starts one thread a message.
LARGEST_BATCH = 100
#: For connecting, and again between any two bytes of an answer.
SECONDS = 5
SCOPES = ["https://www.googleapis.com/auth/firebase.messaging"]
_GOOGLE = "https://fcm.googleapis.com"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


class Fcm:
    """The `PushProvider` of Firebase."""

    def __init__(self, settings: FcmSettings) -> None:
        account = service_account.Credentials.from_service_account_file(  # type: ignore[no-untyped-call]
            str(settings.service_account_file), scopes=SCOPES
        )
        self._credentials = _Credentials(account)
        self._app = firebase_admin.initialize_app(
            self._credentials,
            {"projectId": account.project_id, "httpTimeout": SECONDS},
            name=f"huiban-{new_id()}",
        )
        # Private, but the only way in: the library reads its address from nowhere.
        http = messaging._get_messaging_service(self._app)._client.session
        http.trust_env = False
        http.mount(_GOOGLE, _Redirected(settings.url))

    def send(self, knocks: Sequence[Knock]) -> list[Result]:
        """See `PushProvider.send`."""
        results: list[Result] = []
        for start in range(0, len(knocks), LARGEST_BATCH):
            results += self._batch(list(knocks[start : start + LARGEST_BATCH]))
        return results

    def close(self) -> None:
        """Give the connections back."""
        messaging._get_messaging_service(self._app)._client.close()
        firebase_admin.delete_app(self._app)

    def _batch(self, knocks: list[Knock]) -> list[Result]:
        started = time.monotonic()
        try:
            self._credentials.renew()
        except (GoogleAuthError, requests.RequestException) as error:
            log.warning("party_unreachable", party="fcm", error=type(error).__name__)
            results = [Result("again", "no_access_token")] * len(knocks)
        else:
            results = self._each(knocks)
        if any(result.error == "unauthenticated" for result in results):
            self._credentials.mark_refused()
        outcome = "2xx" if any(result.outcome == "sent" for result in results) else "error"
        metrics.OUTBOUND.labels("fcm", outcome).observe(time.monotonic() - started)
        return results

    def _each(self, knocks: list[Knock]) -> list[Result]:
        try:
            answer = messaging.send_each([_message(each) for each in knocks], app=self._app)
        except (exceptions.FirebaseError, ValueError) as error:
            # The whole batch is lost, so one of them is to blame: halve until it stands alone.
            if len(knocks) == 1:
                log.warning("knock_lost", party="fcm", error=type(error).__name__)
                return [Result("again", "unexpected")]
            middle = len(knocks) // 2
            return self._each(knocks[:middle]) + self._each(knocks[middle:])
        return [_result(response) for response in answer.responses]


@cache
def provider(settings: FcmSettings) -> Fcm:
    """The one provider of this process for these settings."""
    return Fcm(settings)


def _message(knock: Knock) -> messaging.Message:
    collapse = str(knock.notice_id)
    message = messaging.Message(
        data={"notice_id": collapse},
        notification=messaging.Notification(title=knock.title, body=knock.body),
        android=messaging.AndroidConfig(collapse_key=collapse, priority="high"),
        apns=messaging.APNSConfig(headers={"apns-collapse-id": collapse}),
    )
    # Not given to the constructor, which warns of installation ids to come in every single call.
    message.token = knock.token
    return message


def _result(response: messaging.SendResponse) -> Result:
    if response.success:
        return Result("sent")
    error = response.exception
    for kind, judge in _JUDGED:
        if isinstance(error, kind):
            return judge(error)
    return Result("again", "unavailable", _retry_after(error))


def _judge_argument(error: Any) -> Result:
    """A token that is none, or a message that is our own mistake: then the phone is well."""
    violations = [
        violation.get("field")
        for detail in _details(error)
        if detail.get("@type") == _BAD_REQUEST
        for violation in detail.get("fieldViolations", ())
    ]
    if "message.token" in violations:
        return Result("gone", "bad_token")
    if violations:
        return Result("refused", "bad_message")
    if any(str(detail.get("@type", "")).endswith("FcmError") for detail in _details(error)):
        return Result("gone", "bad_token")
    # A bare 400 is some proxy's, not Google's word about a phone.
    return Result("again", "bad_request")


def _judge_quota(error: Any) -> Result:
    return Result("again", "quota", _retry_after(error))


def _always(result: Result) -> Callable[[Any], Result]:
    return lambda _: result


#: Most particular first: the library derives its own errors from Google's general ones.
_JUDGED: tuple[tuple[type[Exception], Callable[[Any], Result]], ...] = (
    (messaging.UnregisteredError, _always(Result("gone", "unregistered"))),
    (messaging.SenderIdMismatchError, _always(Result("gone", "sender_mismatch"))),
    (messaging.ThirdPartyAuthError, _always(Result("again", "apns_refuses_us"))),
    (messaging.QuotaExceededError, _judge_quota),
    (exceptions.UnauthenticatedError, _always(Result("again", "unauthenticated"))),
    (exceptions.ResourceExhaustedError, _judge_quota),
    (exceptions.InvalidArgumentError, _judge_argument),
)


def _retry_after(error: Any) -> int:
    answer = getattr(error, "http_response", None)
    text = answer.headers.get("Retry-After", "") if answer is not None else ""
    return min(int(text), 86_400) if text.isascii() and text.isdigit() else 0


def _details(error: Any) -> list[dict[str, Any]]:
    try:
        details = error.http_response.json()["error"]["details"]
    except (AttributeError, ValueError, KeyError, TypeError):
        return []
    return [detail for detail in details if isinstance(detail, dict)]


class _Redirected(requests.adapters.HTTPAdapter):
    """Carries calls for Google to `url` instead, once each."""

    def __init__(self, url: str) -> None:
        super().__init__(
            pool_connections=1, pool_maxsize=LARGEST_BATCH, max_retries=0, pool_block=False
        )
        self._url = url.rstrip("/")

    def send(self, request: requests.PreparedRequest, *args: Any, **kw: Any) -> requests.Response:
        """Send one request to our address."""
        request.url = self._url + str(request.url).removeprefix(_GOOGLE)
        return super().send(request, *args, **kw)


class _Credentials(google_credentials.Credentials):
    """An access token that stays as it is for a whole batch, whatever single answers say of it."""

    def __init__(self, account: service_account.Credentials) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._account = account
        self._refused = False
        self._lock = threading.Lock()

    def renew(self) -> None:
        """Get a new token when the old one is near its end or refused. Raises `GoogleAuthError`."""
        with self._lock:
            if self._account.valid and not self._refused:
                return
            with requests.Session() as http:
                http.trust_env = False
                self._account.refresh(partial(Request(http), timeout=SECONDS))  # type: ignore[no-untyped-call]
            self.token = self._account.token
            self._refused = False

    def mark_refused(self) -> None:
        """Google does not accept the token any more: ask for another before the next batch."""
        self._refused = True

    def refresh(self, request: Any) -> None:
        """Called by the library inside a batch, where nothing may change."""
