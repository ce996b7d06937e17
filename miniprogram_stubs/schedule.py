"""Work to be done later, by a few threads that exist only while there is some."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable

_THREADS = 4
_MOST_WAITING = 10_000


class Schedule:
    """Runs callables after a number of seconds. Thread-safe; drops work when full."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._running = 0

    def after(self, seconds: float, work: Callable[[], object]) -> None:
        """Call `work`, which must not raise, not earlier than in so many seconds."""
        with self._changed:
            if len(self._waiting) >= _MOST_WAITING:
                return
            due = time.monotonic() + seconds
            heapq.heappush(self._waiting, (due, next(self._numbers), work))
            if self._running < _THREADS:
                self._running += 1
                threading.Thread(target=self._work, daemon=True).start()
            self._changed.notify()

    def _work(self) -> None:
        while (work := self._next()) is not None:
            work()

    def _next(self) -> Callable[[], object] | None:
        """The next work that is due; None, and one thread less, when none is waiting."""
        with self._changed:
            while self._waiting:
                left = self._waiting[0][0] - time.monotonic()
                if left <= 0:
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(left)
            self._running -= 1
            return None
