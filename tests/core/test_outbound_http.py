"""Calls to outside parties against tiny servers that misbehave in every way a party can."""

import gzip
import socket
import threading
import time
import tracemalloc
from contextlib import contextmanager, suppress
from dataclasses import fields

import pytest
from tiny_server import Server, send

from app.core import http
from app.core.http import MAX_BYTES, WAIT_SECONDS, Party, PartyUnavailable
from app.parties import NAMES
from app.payments.providers.wechatpay import WechatPay


@contextmanager
def party_of(answer, **options):
    """(party, server) for one way of answering."""
    server = Server(answer)
    party = Party("tiny", server.url, **options)
    try:
        yield party, server
    finally:
        server.go.set()
        party.close()
        server.shutdown()
        server.server_close()


def promptly(handler, server):
    send(handler, b"well")


def when_told(handler, server):
    server.go.wait(10)
    send(handler, b"late")


def drip(handler, server):
    """The body, one byte at a time, each well within any time limit for one read."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    for _ in range(30):
        handler.wfile.write(b".")
        handler.wfile.flush()
        if server.go.wait(0.1):
            return


def in_background(party, times):
    """Ask so many times at once; answers the threads and the list their outcomes go to."""
    outcomes = []

    def ask():
        try:
            outcomes.append(party.request("GET", "/").body)
        except PartyUnavailable:
            outcomes.append("unavailable")

    threads = [threading.Thread(target=ask) for _ in range(times)]
    for thread in threads:
        thread.start()
    return threads, outcomes


def test_no_more_than_the_places_wait_for_one_party_and_the_next_is_refused():
    with party_of(when_told, waiters=2, total=8) as (party, server):
        threads, outcomes = in_background(party, 2)
        for _ in range(2):
            assert server.arrived.acquire(timeout=5)
        began = time.monotonic()
        for _ in range(2):
            with pytest.raises(PartyUnavailable) as refused:
                party.request("GET", "/third")
        waited = time.monotonic() - began
        assert waited < 2 * WAIT_SECONDS + 0.5
        assert refused.value.retry_after >= 1
        assert server.seen == ["/", "/"]
        server.go.set()
        for thread in threads:
            thread.join(5)
        assert outcomes == [b"late", b"late"]
        assert party.request("GET", "/again").body == b"late"


def test_a_place_is_given_back_after_every_kind_of_failure():
    def fail(handler, server):
        if handler.path == "/cut":
            handler.connection.shutdown(socket.SHUT_RDWR)
        elif handler.path == "/garbage":
            handler.wfile.write(b"\x00\xff no HTTP at all\r\n\r\n")
            handler.close_connection = True
        elif handler.path == "/short":
            handler.send_response(200)
            handler.send_header("Content-Length", "100")
            handler.end_headers()
            handler.wfile.write(b"ten bytes.")
            handler.connection.shutdown(socket.SHUT_RDWR)
        elif handler.path == "/huge":
            send(handler, b"x" * (MAX_BYTES + 1))
        elif handler.path == "/never":
            server.go.wait(5)
        else:
            send(handler, b"well")

    paths = ["/cut", "/garbage", "/short", "/huge", "/never"] * 2
    with party_of(fail, waiters=1, total=0.4) as (party, _):
        for path in paths:
            with pytest.raises(PartyUnavailable):
                party.request("GET", path)
            assert party.request("GET", "/").body == b"well", path
    print(f"\nfailures n = {len(paths)}: 0 places lost")


@pytest.mark.parametrize("slowly", [drip, when_told])
def test_the_whole_answer_must_come_within_the_total_time(slowly):
    with party_of(slowly, total=0.5) as (party, _):
        began = time.monotonic()
        with pytest.raises(PartyUnavailable):
            party.request("GET", "/")
        assert time.monotonic() - began < 1.5


def test_an_answer_may_be_a_million_bytes_long_and_no_longer():
    def long(handler, server):
        send(handler, b"x" * int(handler.path[1:]))

    with party_of(long) as (party, _):
        assert len(party.request("GET", f"/{MAX_BYTES}").body) == MAX_BYTES
        with pytest.raises(PartyUnavailable):
            party.request("GET", f"/{MAX_BYTES + 1}")


def test_a_small_answer_cannot_unpack_to_a_large_one():
    packed = gzip.compress(b"x" * 20_000_000)
    assert len(packed) < MAX_BYTES

    def bomb(handler, server):
        server.asked_for = handler.headers.get("Accept-Encoding")
        send(handler, packed, Content_Encoding="gzip")

    with party_of(bomb) as (party, server):
        tracemalloc.start()
        try:
            # Passing it on as it came and refusing it are both good; unpacking it is not.
            with suppress(PartyUnavailable):
                assert party.request("GET", "/").body == packed
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert server.asked_for == "identity"
    print(f"\n{len(packed)} bytes that unpack to 20,000,000: at most {peak} bytes in memory")
    assert peak < 3 * MAX_BYTES


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status):
    def elsewhere(handler, server):
        send(handler, b"", status=status, Location="/elsewhere")

    with party_of(elsewhere) as (party, server):
        assert party.request("GET", "/here").status == status
        assert server.seen == ["/here"]


def test_an_error_status_is_an_answer_with_its_body():
    def refuse(handler, server):
        send(handler, b"no", status=503)

    with party_of(refuse) as (party, _):
        answer = party.request("GET", "/")
        assert (answer.status, answer.body) == (503, b"no")


def test_the_environments_proxies_are_not_used(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with party_of(promptly) as (party, _):
        assert party.request("GET", "/").body == b"well"


def test_nobody_there_is_known_at_once():
    party = Party("tiny", "http://127.0.0.1:9")
    began = time.monotonic()
    with pytest.raises(PartyUnavailable) as refused:
        party.request("GET", "/")
    assert time.monotonic() - began < http.CONNECT_SECONDS
    assert refused.value.facts == {"party": "tiny"}
    party.close()


def test_every_party_that_people_wait_for_is_called_by_its_name(world):
    adapters = [getattr(world, each.name) for each in fields(world) if each.name != "core"]
    parties = {adapter._party.name for adapter in adapters} | {WechatPay.name}
    assert len(parties) == len(adapters) + 1
    for party in parties:
        silent = PartyUnavailable(party)
        zh, en = NAMES[party]
        assert silent.words("zh").startswith(f"{zh}暂时没有应答")
        assert silent.words("en").startswith(f"{en} does not answer now")
    assert PartyUnavailable("population").words("zh") == (
        "公安人口库暂时没有应答，您填写的内容没有提交，请稍后再试。"
    )
    assert PartyUnavailable("wechatpay").words("zh") == "微信支付暂时没有应答，请稍后再试。"
