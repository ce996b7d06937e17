"""A closed-loop load generator: keep-alive connections, prepared bytes, one latency a request.

Plain sockets and a selector, because a general HTTP client would be slower than the server it
measures. It understands as much HTTP as our own server answers with: a status line, headers, and a
body of `Content-Length` bytes.
"""

import gc
import multiprocessing
import selectors
import socket
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

#: Processes that generate load together.
PROCESSES = 2
#: Seconds without any answer after which a run has failed.
STALLED = 10.0
#: Seconds for all processes to open their connections.
HEAD_START = 0.1
#: Bytes of an answer shown when it is not the expected one.
SHOWN = 300

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_NO_BODY = (b"204", b"304")


class LoadFailed(Exception):
    """The server answered something else than it must; nothing measured may be used."""


@dataclass(frozen=True)
class Burst:
    """One stretch of load on one target."""

    port: int
    #: The bytes of request number n; every number is sent once.
    request: Callable[[int], bytes]
    #: What each answer must have: its status, and bytes its body must hold.
    status: int
    holds: bytes = b""
    connections: int = 32
    #: Seconds.
    warm_up: float = 1.0
    seconds: float = 3.0
    #: The numbers there are: from `first` to below `limit`.
    first: int = 0
    limit: int = 1_000_000_000
    #: When all numbers were sent: end there, instead of failing.
    may_end_early: bool = False


@dataclass(frozen=True)
class Tally:
    """What came back."""

    #: Seconds, of requests answered after the warm-up.
    latencies: "array[float]"
    #: Every good answer, warm-up and the last ones included.
    acknowledged: int
    #: The first number not sent.
    next: int
    #: Processor seconds the generator itself used, warm-up included.
    processor: float
    #: Seconds measured, and whether they are fewer than wanted because all numbers were sent.
    seconds: float
    early: bool = False


class _Connection:
    """One connection with at most one request under way."""

    __slots__ = ("_burst", "_received", "_whole", "sent_at", "socket")

    def __init__(self, burst: Burst) -> None:
        self._burst = burst
        self._received = b""
        self._whole = 0
        self.sent_at = 0.0
        self.socket = socket.create_connection(("127.0.0.1", burst.port), timeout=STALLED)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def send(self, request: bytes) -> None:
        self._received, self._whole = b"", 0
        self.sent_at = time.perf_counter()
        if self.socket.send(request) != len(request):
            raise LoadFailed("the server does not take a whole request at once")

    def answered(self) -> bool:
        """Take what has come; True when the answer is whole. Raises `LoadFailed`."""
        data = self.socket.recv(262_144)
        if not data:
            raise LoadFailed("the server closed a connection it should have kept")
        received = self._received = self._received + data if self._received else data
        if not self._whole:
            self._whole = _whole_length(received)
        if not self._whole or len(received) < self._whole:
            return False
        self._check(received)
        return True

    def _check(self, answer: bytes) -> None:
        status = answer[9:12]
        if status != b"%d" % self._burst.status or self._burst.holds not in answer:
            wanted = f"{self._burst.status} with {self._burst.holds.decode()!r}"
            raise LoadFailed(
                f"expected {wanted}, got {status.decode('latin-1')}: "
                f"{answer.partition(_END_OF_HEAD)[2][:SHOWN].decode('utf-8', 'replace')}"
            )


def _whole_length(received: bytes) -> int:
    """How long the whole answer is, or 0 while its head is incomplete."""
    end = received.find(_END_OF_HEAD)
    if end < 0:
        return 0
    if received[9:12] in _NO_BODY:
        return end + 4
    head = received[: end + 2].lower()
    at = head.find(_LENGTH)
    if at < 0:
        raise LoadFailed("an answer came without Content-Length")
    value = head[at + len(_LENGTH) : head.index(b"\r\n", at + 2)]
    return end + 4 + int(value)


def run(burst: Burst) -> Tally:
    """Send the burst from `PROCESSES` processes and add up what came back. Raises `LoadFailed`."""
    forked = multiprocessing.get_context("fork")
    begin = time.perf_counter() + HEAD_START
    workers = []
    for which in range(PROCESSES):
        ours, theirs = forked.Pipe()
        process = forked.Process(target=_work, args=(burst, which, begin, theirs), daemon=True)
        process.start()
        theirs.close()
        workers.append((process, ours))
    results = [_result(ours) for _, ours in workers]
    for process, _ in workers:
        process.join()
    failures = [each for each in results if isinstance(each, str)]
    if failures:
        raise LoadFailed(failures[0])
    return _sum([each for each in results if isinstance(each, Tally)])


def _result(pipe: Pipe) -> Tally | str:
    try:
        received: Tally | str = pipe.recv()
    except EOFError:
        return "a process of the load generator died"
    return received


def _sum(tallies: list[Tally]) -> Tally:
    together = array("d")
    for tally in tallies:
        together.extend(tally.latencies)
    return Tally(
        latencies=together,
        acknowledged=sum(tally.acknowledged for tally in tallies),
        next=max(tally.next for tally in tallies),
        processor=sum(tally.processor for tally in tallies),
        # With the longer time no rate is ever told too high.
        seconds=max(tally.seconds for tally in tallies),
        early=any(tally.early for tally in tallies),
    )


def _work(burst: Burst, which: int, begin: float, pipe: Pipe) -> None:
    gc.disable()
    share = burst.connections // PROCESSES + (which < burst.connections % PROCESSES)
    numbers = iter(range(burst.first + which, burst.limit, PROCESSES))
    try:
        pipe.send(drive(burst, share, numbers, begin))
    except LoadFailed as failure:
        pipe.send(str(failure))
    except OSError as error:
        pipe.send(f"{type(error).__name__}: {error}")


def drive(burst: Burst, connections: int, numbers: Iterator[int], begin: float) -> Tally:
    """The loop of one process. Measures from `begin` plus the warm-up on. Raises `LoadFailed`."""
    latencies, acknowledged, number = array("d"), 0, burst.first - 1
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = _Connection(burst)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        time.sleep(max(0.0, begin - time.perf_counter()))
        now = time.perf_counter()
        counted_from = now + burst.warm_up
        end, early = counted_from + burst.seconds, False
        free = [key.data for key in selector.get_map().values()]
        while selector.get_map():
            for connection in free:
                following = _next(burst, numbers) if now < end else None
                if following is None:
                    early = early or now < end
                    selector.unregister(connection.socket)
                    connection.socket.close()
                else:
                    number = following
                    connection.send(burst.request(number))
            free = []
            for key, _ in _ready(selector) if selector.get_map() else ():
                if key.data.answered():
                    now = time.perf_counter()
                    acknowledged += 1
                    if counted_from <= now < end:
                        latencies.append(now - key.data.sent_at)
                    free.append(key.data)
    seconds = max(0.0, now - counted_from) if early else burst.seconds
    return Tally(latencies, acknowledged, number + 1, time.process_time(), seconds, early)


def _ready(selector: selectors.BaseSelector) -> list[tuple[selectors.SelectorKey, int]]:
    ready = selector.select(STALLED)
    if not ready:
        raise LoadFailed(f"no answer within {STALLED:.0f} s")
    return ready


def _next(burst: Burst, numbers: Iterator[int]) -> int | None:
    number = next(numbers, None)
    if number is None and not burst.may_end_early:
        raise LoadFailed("every prepared request was sent: raise --accounts")
    return number
