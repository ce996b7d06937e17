"""The one way to call an address that somebody else gave us: only the open internet, by https.

The name is looked up once; every address it has is judged, and the one judged is the one called, so
that a name cannot lead elsewhere between the two. Hosts the operator names may also lie in the private
network of the administration (政务外网); a demonstration has its sites on loopback, over http.
"""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from app.core import metrics
from app.core.http import Answer, Party, PartyUnavailable

MAX_BYTES = 10_000
#: What the outside of IPv6 begins with; all else is local, mapped or a translation.
_GLOBAL = ipaddress.ip_network("2000::/3")
#: Addresses that are global by their number and yet lead to a machine's own provider.
_OF_PROVIDERS = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("168.63.129.16/32"))
#: Networks an administration has of its own (RFC 1918, RFC 4193).
_PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
)


@dataclass(frozen=True)
class OwnHosts:
    """Hosts the operator vouches for, and whether they may be this machine (never in production)."""

    names: frozenset[str]
    loopback: bool


class AddressRefused(PartyUnavailable):
    """The address does not lead to the open internet, or not at all."""


def call(name: str, method: str, address: str, *, hosts: OwnHosts, **options: Any) -> Answer:
    """Send one request; no redirect is followed. Raises `AddressRefused`, `PartyUnavailable`.

    `name` is our own short name for whoever is called, for log and metrics.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        raise _refused(name) from None
    pinned = pin(name, parts, hosts)
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


def pin(name: str, parts: SplitResult, hosts: OwnHosts) -> str:
    """Scheme, address and port to connect to. Raises `AddressRefused`."""
    try:
        port = parts.port
    except ValueError:
        raise _refused(name) from None
    host, own = parts.hostname, parts.hostname in hosts.names
    plain = parts.scheme == "http" and own and hosts.loopback
    if not host or not (parts.scheme == "https" or plain) or port == 0 or "@" in parts.netloc:
        raise _refused(name)
    port = port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _refused(name) from None
    addresses = [ipaddress.ip_address(each[4][0]) for each in found]
    if not addresses or not all(
        _outside(each) or (own and _inside(each, hosts.loopback)) for each in addresses
    ):
        raise _refused(name)
    first = addresses[0]
    return f"{parts.scheme}://{f'[{first}]' if first.version == 6 else first}:{port}"


def _outside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        tunnel = address.sixtofour or address.teredo
        return address in _GLOBAL and address.is_global and not tunnel
    provider = any(address in each for each in _OF_PROVIDERS)
    return address.is_global and not address.is_multicast and not provider


def _inside(address: ipaddress.IPv4Address | ipaddress.IPv6Address, loopback: bool) -> bool:
    if address.is_loopback:
        return loopback
    return any(address in each for each in _PRIVATE)


def _refused(name: str) -> AddressRefused:
    metrics.OUTBOUND.labels(name, "refused_address").observe(0)
    return AddressRefused(name)
