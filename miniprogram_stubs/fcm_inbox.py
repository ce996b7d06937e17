"""What lies on the devices: messages by token, one per collapse key."""

import threading
from collections import OrderedDict
from typing import Any

from miniprogram_stubs import clock

_MOST_MESSAGES = 100_000


class Inbox:
    """All messages delivered lately. Thread-safe; forgets the oldest."""

    def __init__(self, most: int = _MOST_MESSAGES) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._by_name: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._collapsible: dict[tuple[str, str], str] = {}
        self._of_token: dict[str, OrderedDict[str, None]] = {}

    def deliver(self, name: str, message: dict[str, Any]) -> None:
        """Keep a message; one before it with the same token and collapse key goes."""
        token, key = device_of(message), collapse_key_of(message)
        shown = {
            "name": name,
            **message,
            "collapse_key": key,
            "replaced": 0,
            "sent_at": clock.rfc3339(clock.now()),
        }
        with self._lock:
            if key is not None:
                if (before := self._collapsible.get((token, key))) is not None:
                    shown["replaced"] = self._remove(before)["replaced"] + 1
                self._collapsible[token, key] = name
            self._by_name[name] = shown
            self._of_token.setdefault(token, OrderedDict())[name] = None
            if len(self._by_name) > self._most:
                self._remove(next(iter(self._by_name)))

    def newest(self, token: str | None, most: int) -> list[dict[str, Any]]:
        """Up to `most` messages, newest first, of one token or of all."""
        with self._lock:
            names = list(self._by_name if token is None else self._of_token.get(token, ()))
            return [self._by_name[name] for name in names[: -most - 1 : -1]]

    def _remove(self, name: str) -> dict[str, Any]:
        shown = self._by_name.pop(name)
        token = device_of(shown)
        of_token = self._of_token[token]
        del of_token[name]
        if not of_token:
            del self._of_token[token]
        if shown["collapse_key"] is not None:
            self._collapsible.pop((token, shown["collapse_key"]), None)
        return shown


def device_of(message: dict[str, Any]) -> str:
    """The registration token or installation id a message goes to; empty for a topic."""
    device: str = message.get("token") or message.get("fid") or ""
    return device


def collapse_key_of(message: dict[str, Any]) -> Any:
    """The key under which a message replaces an earlier one: Android's or APNs' name for it."""
    android = message.get("android") or {}
    key = android.get("collapse_key", android.get("collapseKey"))
    if key is None:
        key = ((message.get("apns") or {}).get("headers") or {}).get("apns-collapse-id")
    return key
