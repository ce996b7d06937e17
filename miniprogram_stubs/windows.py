"""Counting how often a key was used lately, for the limits the real parties impose."""

import threading
from collections import OrderedDict, deque


class UseWindow:
    """At most `most` uses of a key within any `seconds`. Thread-safe and bounded."""

    def __init__(self, most: int, seconds: float, keys: int = 50_000) -> None:
        self._most = most
        self._seconds = seconds
        self._keys = keys
        self._lock = threading.Lock()
        self._uses: OrderedDict[str, deque[float]] = OrderedDict()

    def admit(self, key: str, now: float) -> bool:
        """Count a use at `now` and say True, or say False without counting it."""
        with self._lock:
            uses = self._uses.setdefault(key, deque())
            self._uses.move_to_end(key)
            if len(self._uses) > self._keys:
                self._uses.popitem(last=False)
            while uses and uses[0] <= now - self._seconds:
                uses.popleft()
            if len(uses) >= self._most:
                return False
            uses.append(now)
            return True
