"""Calls to addresses that others gave us reach the open internet only, whatever a name resolves to."""

import socket
import ssl
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from tiny_server import Server, send

from app.core.http import PartyUnavailable
from app.core.strangers import MAX_BYTES, AddressRefused, OwnHosts, call, pin

NONE = OwnHosts(frozenset(), loopback=False)
VOUCHED = OwnHosts(frozenset({"site.example"}), loopback=False)
DEMONSTRATION = OwnHosts(frozenset({"127.0.0.1", "site.example"}), loopback=True)


@contextmanager
def server_of(answer):
    """A server on loopback."""
    server = Server(answer)
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def resolve(monkeypatch):
    """Let `site.example` have these addresses, one list for each time it is asked for."""
    real, asked = socket.getaddrinfo, []

    def install(*answers):
        def look_up(host, port, *args, **kwargs):
            if host != "site.example":
                return real(host, port, *args, **kwargs)
            asked.append(host)
            found = answers[min(len(asked), len(answers)) - 1]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return asked

    return install


INTERNAL = [
    *("127.0.0.1", "127.8.8.8", "[::ffff:0:0]", "10.0.0.5", "172.16.0.1", "172.31.255.255"),
    *("192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192"),
    *("168.63.129.16", "198.18.0.1", "224.0.0.1", "224.0.1.1", "240.0.0.1", "255.255.255.255"),
    *("192.0.2.1", "[::1]", "[::]", "[fe80::1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]"),
    *("[::ffff:10.0.0.5]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]"),
    *("[2001:0:7f00:1::]", "[2001:db8::1]", "2130706433", "0x7f000001", "0177.0.0.1", "127.1"),
]


@pytest.mark.parametrize("host", INTERNAL)
def test_no_address_within_is_called(host):
    with pytest.raises(AddressRefused):
        call("site", "POST", f"https://{host}/told", hosts=NONE)


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["169.254.169.254"], ["93.184.215.14", "10.0.0.5"], []]
)
def test_a_name_that_leads_within_is_not_called(resolve, found):
    resolve(found)
    with pytest.raises(AddressRefused):
        call("site", "POST", "https://site.example/told", hosts=NONE)


@pytest.mark.parametrize(
    "found",
    [
        *(["127.0.0.1"], ["169.254.169.254"], ["0.0.0.0"], ["100.100.100.200"]),  # noqa: S104
        *(["168.63.129.16"], ["224.0.0.1"], ["10.0.0.5", "127.0.0.1"]),
    ],
)
def test_a_host_the_operator_vouches_for_is_still_no_machine_of_ours(resolve, found):
    resolve(found)
    with pytest.raises(AddressRefused):
        call("site", "POST", "https://site.example/told", hosts=VOUCHED)


@pytest.mark.parametrize("found", ["10.0.0.5", "172.31.255.255", "192.168.1.1"])
def test_a_host_the_operator_vouches_for_may_lie_in_a_private_network(resolve, found):
    resolve([found])
    assert pin("site", urlsplit("https://site.example/told"), VOUCHED) == f"https://{found}:443"
    with pytest.raises(AddressRefused):
        pin("site", urlsplit("http://site.example/told"), VOUCHED)


@pytest.mark.parametrize(
    "address",
    [
        *("http://93.184.215.14/", "ftp://site.example/", "https:///told", "site.example/told"),
        *("https://site.example:0/", "https://site.example:99999/", "https://site.example:x/"),
        *("https://a@site.example/", f"https://{'x' * 80}.example/", "file:///etc/passwd", ""),
    ],
)
def test_what_is_no_https_address_is_not_called(resolve, address):
    resolve(["93.184.215.14"])
    with pytest.raises(AddressRefused):
        call("site", "POST", address, hosts=NONE)


def test_a_name_is_looked_up_once_and_the_address_that_was_judged_is_called(resolve):
    seen = []

    def answer(handler, server):
        seen.append(handler.headers["Host"])
        send(handler, b"well")

    asked = resolve(["127.0.0.1"], ["127.0.0.66"])
    with server_of(answer) as server:
        port = server.server_address[1]
        told = call("site", "GET", f"http://site.example:{port}/told?x=1", hosts=DEMONSTRATION)
        assert (told.status, told.body, server.seen) == (200, b"well", ["/told?x=1"])
    assert (seen, asked) == ([f"site.example:{port}"], ["site.example"])


def test_the_certificate_asked_for_is_the_names_and_not_the_addresss(resolve):
    resolve(["127.0.0.1"])
    greeted = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda _socket, name, _context: greeted.append(name)
    with server_of(send) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        port = server.server_address[1]
        with pytest.raises(PartyUnavailable):
            call("site", "GET", f"https://site.example:{port}/", hosts=DEMONSTRATION)
    assert greeted == ["site.example"]


def test_nobody_is_followed_elsewhere():
    def away(handler, server):
        send(handler, b"", status=307, Location="http://169.254.169.254/")

    with server_of(away) as server:
        told = call("site", "GET", f"{server.url}/told", hosts=DEMONSTRATION)
        assert (told.status, server.seen) == (307, ["/told"])


def test_a_long_answer_is_not_read_to_its_end():
    def flood(handler, server):
        send(handler, b"x" * (MAX_BYTES + 1))

    with server_of(flood) as server, pytest.raises(PartyUnavailable):
        call("site", "GET", server.url, hosts=DEMONSTRATION)
