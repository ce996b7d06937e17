"""Carries notifies to the merchant, and again until it accepts them."""

import http.client
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from miniprogram_stubs import clock
from miniprogram_stubs.schedule import Schedule
from miniprogram_stubs.wechatpay_notify import Notifier, Notify
from miniprogram_stubs.wechatpay_orders import Order

_TIMEOUT_SECONDS = 5.0
_MOST_OF_ANSWER = 4096
_MOST_AT_ONCE = 16
#: Only these count; a body that says FAIL under one of them changes nothing.
_ACCEPTED = (200, 204)


@dataclass(frozen=True)
class Told:
    """What a merchant answered: status and body, or no status and the reason why."""

    status: int | None
    body: str

    @property
    def accepted(self) -> bool:
        """Whether WeChat Pay takes it for handled."""
        return self.status in _ACCEPTED


class Courier:
    """Sends notifies and notes in the order what became of each."""

    def __init__(self, notifier: Notifier, retry_seconds: Sequence[float]) -> None:
        self._notifier = notifier
        self._retry_seconds = tuple(retry_seconds)
        self._schedule = Schedule()

    def send(self, notify: Notify, probe: bool = False) -> dict[str, Any]:
        """Send it once; what the merchant told, as the demonstration shows it."""
        order = notify.order
        headers = self._notifier.headers(notify, probe)
        told = _post(order.parameters["notify_url"], notify.body, headers)
        shown = {
            "status": told.status,
            "body": told.body,
            "tamper": "probe" if probe else notify.tamper,
            "event_id": notify.event_id,
            "request_id": notify.request_id,
            "at": clock.rfc3339(clock.now()),
            "accepted": told.accepted,
        }
        order.deliveries.append(shown)
        return shown

    def send_copies(self, notify: Notify, copies: int, shuffle: bool) -> list[dict[str, Any]]:
        """Send it several times: one after the other, or at once from several threads.

        At once, every second copy has a Request-ID of its own, and the order is left to chance.
        """
        if not shuffle:
            return [self.send(notify) for _ in range(copies)]
        batch = [
            notify.under_another_request_id() if number % 2 else notify for number in range(copies)
        ]
        random.shuffle(batch)
        with ThreadPoolExecutor(_MOST_AT_ONCE) as threads:
            return list(threads.map(self.send, batch))

    def send_until_accepted(self, order: Order, attempt: int = 0) -> None:
        """Send the order's notify from the background, with WeChat's patience made short.

        `attempt` 0 goes out at once; each later one waits as the world says.
        """
        if attempt > len(self._retry_seconds):
            return
        wait = 0.0 if attempt == 0 else self._retry_seconds[attempt - 1]
        self._schedule.after(wait, lambda: self._attempt(order, attempt))

    def _attempt(self, order: Order, attempt: int) -> None:
        if not self.send(self._notifier.notify(order))["accepted"]:
            self.send_until_accepted(order, attempt + 1)


def _post(url: str, body: bytes, headers: dict[str, str]) -> Told:
    """One POST without proxy, redirect or TLS: merchants here are on this machine."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port or 80, timeout=_TIMEOUT_SECONDS
    )
    try:
        connection.request("POST", parts.path or "/", body, headers)
        answer = connection.getresponse()
        text = answer.read(_MOST_OF_ANSWER).decode(errors="replace")
        return Told(answer.status, text)
    except (OSError, http.client.HTTPException) as error:
        return Told(None, f"{type(error).__name__}: {error}")
    finally:
        connection.close()
