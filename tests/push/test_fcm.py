"""The FCM provider against a server that misbehaves in ways the stand-in does not."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.core.ids import new_id
from app.parties import FcmSettings
from push.providers import fcm
from push.providers.base import Knock, Result

BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
#: What the server answers to a message for a device token.
ODD = {
    "list": (200, ["a message"]),
    "empty": (200, {}),
    "text": (200, "not JSON"),
    "payload": (
        400,
        {
            "error": {
                "status": "INVALID_ARGUMENT",
                "message": "Message too big",
                "details": [{"@type": BAD_REQUEST, "fieldViolations": [{"field": "message.data"}]}],
            }
        },
    ),
    "token": (
        400,
        {
            "error": {
                "status": "INVALID_ARGUMENT",
                "message": "not a valid FCM registration token",
                "details": [
                    {"@type": BAD_REQUEST, "fieldViolations": [{"field": "message.token"}]}
                ],
            }
        },
    ),
    "teapot": (418, "short and stout"),
}


class Server(ThreadingHTTPServer):
    """Google, behaving oddly."""

    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.accepted = "first"
        self.given = 0
        self.asked = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/token":
            self.server.given += 1
            self._answer(200, {"access_token": self.server.accepted, "expires_in": 3600})
            return
        self.server.asked += 1
        assert self.path == "/v1/projects/huiban-demo/messages:send"
        if self.headers["Authorization"] != f"Bearer {self.server.accepted}":
            self._answer(401, {"error": {"status": "UNAUTHENTICATED", "message": "expired"}})
            return
        token = json.loads(body)["message"]["token"]
        if token == "slow":
            time.sleep(2)
        self._answer(*ODD.get(token, (200, {"name": "projects/huiban-demo/messages/1"})))

    def _answer(self, status, content):
        body = content if isinstance(content, str) else json.dumps(content)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    made = Server()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def carrier(server, configured, parties_keys, tmp_path):
    account = json.loads(configured.fcm.service_account_file.read_text())
    file = tmp_path / "account.json"
    file.write_text(json.dumps(account | {"token_uri": f"{server.url}/token"}))
    made = fcm.Fcm(FcmSettings(url=server.url, service_account_file=file))
    yield made
    made.close()


def knocks(*tokens):
    return [Knock(new_id(), token, "汇办", "您有一条消息。") for token in tokens]


def test_nothing_to_send_asks_nobody(carrier, server):
    assert carrier.send([]) == []
    assert (server.given, server.asked) == (0, 0)


def test_answers_that_break_the_library_cost_only_their_own_knock(carrier):
    tokens = ["a", "list", "b", "empty", "text", "c", "teapot"]
    results = dict(zip(tokens, carrier.send(knocks(*tokens)), strict=True))
    assert {results[token].outcome for token in "abc"} == {"sent"}
    assert results["list"] == Result("again", "unexpected")
    assert {results[token].outcome for token in ("empty", "text", "teapot")} == {"again"}


def test_our_own_mistake_is_not_blamed_on_the_phone(carrier):
    payload, token = carrier.send(knocks("payload", "token"))
    assert payload == Result("refused", "bad_message")
    assert token == Result("gone", "bad_token")


def test_an_access_token_is_asked_for_once_and_anew_when_it_is_refused(carrier, server):
    for _ in range(3):
        assert carrier.send(knocks("a", "b"))[0] == Result("sent")
    assert server.given == 1
    server.accepted = "second"
    assert set(carrier.send(knocks("a", "b"))) == {Result("again", "unauthenticated")}
    assert set(carrier.send(knocks("a", "b"))) == {Result("sent")}
    assert server.given == 2


def test_more_than_a_batch_is_sent_in_batches(carrier, server, monkeypatch):
    monkeypatch.setattr(fcm, "LARGEST_BATCH", 10)
    assert set(carrier.send(knocks(*(f"t{n}" for n in range(25))))) == {Result("sent")}
    assert server.asked == 25


def test_one_slow_answer_is_waited_for_only_so_long(server, configured, tmp_path, monkeypatch):
    monkeypatch.setattr(fcm, "SECONDS", 1)
    account = json.loads(configured.fcm.service_account_file.read_text())
    file = tmp_path / "account.json"
    file.write_text(json.dumps(account | {"token_uri": f"{server.url}/token"}))
    made = fcm.Fcm(FcmSettings(url=server.url, service_account_file=file))
    began = time.monotonic()
    quick, slow = made.send(knocks("quick", "slow"))
    assert time.monotonic() - began < 1.9
    assert (quick.outcome, slow.outcome) == ("sent", "again")
    made.close()


def test_a_carrier_that_is_not_there_answers_again_for_all(carrier, server):
    assert carrier.send(knocks("a")) == [Result("sent")]
    server.shutdown()
    server.server_close()
    assert {result.outcome for result in carrier.send(knocks("b", "c"))} == {"again"}
