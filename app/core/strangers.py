"""The one way to call an address that somebody else gave us: only the open internet, by https.

The name is looked up once; every address it has is judged, and the one judged is the one called, so
that a name cannot lead elsewhere between the two. Hosts named in `internal` are exempt: a demonstration
has its sites on loopback; production allows none.
"""

import ipaddress
import socket
from typing import Any
from urllib.parse import SplitResult, urlsplit

from app.core import metrics
from app.core.http import Answer, Party, PartyUnavailable

MAX_BYTES = 10_000
#: What the outside of IPv6 begins with; all else is local, mapped or a translation.
_GLOBAL = ipaddress.ip_network("2000::/3")
#: Addresses that are global by their number and yet lead to a machine's own provider.
_OF_PROVIDERS = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("168.63.129.16/32"))


class AddressRefused(PartyUnavailable):
    """The address does not lead to the open internet, or not at all."""


def call(
    name: str, method: str, address: str, *, internal: frozenset[str], **options: Any
) -> Answer:
    """Send one request; no redirect is followed. Raises `AddressRefused`, `PartyUnavailable`.

    `name` is our own short name for whoever is called, for log and metrics.
    """
    try:
        parts, port = urlsplit(address), urlsplit(address).port
    except ValueError:
        raise _refused(name) from None
    pinned = _pin(name, parts, port, internal)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    party = Party(name, pinned, most_bytes=MAX_BYTES)
    try:
        return party.request(
            method,
            path,
            headers={"Host": parts.netloc},
            extensions={"sni_hostname": parts.hostname},
            **options,
        )
    finally:
        party.close()


def _pin(name: str, parts: SplitResult, port: int | None, internal: frozenset[str]) -> str:
    """Scheme, address and port to connect to."""
    host, exempt = parts.hostname, parts.hostname in internal
    right_scheme = parts.scheme == "https" or (exempt and parts.scheme == "http")
    if not host or not right_scheme or port == 0 or "@" in parts.netloc:
        raise _refused(name)
    port = port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _refused(name) from None
    addresses = [ipaddress.ip_address(each[4][0]) for each in found]
    if not addresses or not (exempt or all(map(_outside, addresses))):
        raise _refused(name)
    first = addresses[0]
    return f"{parts.scheme}://{f'[{first}]' if first.version == 6 else first}:{port}"


def _outside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        tunnel = address.sixtofour or address.teredo
        return address in _GLOBAL and address.is_global and not tunnel
    provider = any(address in each for each in _OF_PROVIDERS)
    return address.is_global and not address.is_multicast and not provider


def _refused(name: str) -> AddressRefused:
    metrics.OUTBOUND.labels(name, "refused_address").observe(0)
    return AddressRefused(name)
