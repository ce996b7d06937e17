"""The load generator counts what a server answered, and refuses to count anything unexpected."""

import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from benchmarks import load
from benchmarks.load import Burst, LoadFailed


class Answering(BaseHTTPRequestHandler):
    """Answers by path and counts what it answered."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[Counter[str]] = Counter()
    numbers: ClassVar[Counter[str]] = Counter()
    counting = threading.Lock()

    def do_GET(self):
        with self.counting:
            self.seen[self.path] += 1
            self.numbers[self.headers["X-Number"]] += 1
        if self.path == "/hangup":
            self.close_connection = True
            return
        status = {"/limited": 429, "/unchanged": 304}.get(self.path, 200)
        body = b"" if status == 304 else b'{"ok":true}'
        self.send_response(status)
        if self.path != "/endless" and status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # In two pieces, as a real network may bring them.
        self.wfile.write(body[:4])
        self.wfile.flush()
        if self.path == "/pieces":
            time.sleep(0.01)
        self.wfile.write(body[4:])

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def port():
    Answering.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def burst(port, path, **options):
    def request(number):
        return f"GET {path} HTTP/1.1\r\nHost: test\r\nX-Number: {path}{number}\r\n\r\n".encode()

    settings = {"status": 200, "connections": 3, "warm_up": 0.03, "seconds": 0.1, **options}
    return Burst(port=port, request=request, **settings)


@pytest.mark.parametrize(
    ("path", "status"), [("/plain", 200), ("/pieces", 200), ("/unchanged", 304)]
)
def test_every_answer_is_counted_once(port, path, status):
    tally = load.run(burst(port, path, status=status))
    assert tally.acknowledged == Answering.seen[path]
    # Warm-up and the last answers are acknowledged but not measured.
    assert 0 < len(tally.latencies) < tally.acknowledged
    assert min(tally.latencies) > (0.01 if path == "/pieces" else 0)


def test_every_number_is_sent_once_and_the_next_burst_goes_on_from_there(port):
    first = load.run(burst(port, "/once"))
    load.run(burst(port, "/once", first=first.next))
    sent = {name: times for name, times in Answering.numbers.items() if name.startswith("/once")}
    assert sent
    assert set(sent.values()) == {1}


@pytest.mark.parametrize(
    ("path", "options", "words"),
    [
        ("/limited", {}, "got 429"),
        ("/plain", {"status": 204}, "expected 204"),
        ("/plain", {"holds": b'"verdict":"pass"'}, "verdict"),
        ("/endless", {}, "without Content-Length"),
        ("/hangup", {}, "closed a connection"),
        ("/plain", {"limit": 5}, "raise --accounts"),
    ],
)
def test_anything_unexpected_fails_the_run(port, path, options, words):
    with pytest.raises(LoadFailed, match=words):
        load.run(burst(port, path, **options))


def test_what_may_end_early_sends_everything_once_and_says_so(port):
    tally = load.run(burst(port, "/few", limit=5, warm_up=0.0, may_end_early=True))
    sent = {name: times for name, times in Answering.numbers.items() if name.startswith("/few")}
    assert sent == {f"/few{number}": 1 for number in range(5)}
    assert (tally.early, tally.acknowledged, len(tally.latencies)) == (True, 5, 5)
    assert 0 < tally.seconds < 0.1


def test_what_may_end_early_need_not(port):
    tally = load.run(burst(port, "/many", may_end_early=True))
    assert (tally.early, tally.seconds) == (False, 0.1)


def test_a_server_that_is_not_there_fails_the_run(port):
    with pytest.raises(LoadFailed, match="ConnectionRefusedError"):
        load.run(burst(1, "/plain"))
