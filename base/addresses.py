"""Whether an address that somebody typed may be asked: not if it leads into our own network.

What may be asked all the same is told by whoever runs Earshot, as `allowed`: names ("ollama.internal") and
numbers, at any port or at one alone ("127.0.0.1:8100"), and networks ("10.1.0.0/16").
"""

import socket
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

# IPv6 that stands for an IPv4 address, by way of a translator (RFC 6052).
_TRANSLATED = ip_network("64:ff9b::/96")
# What a network of our own may translate to anything (RFC 8215, RFC 2765), and what no network has had for
# long: addresses that stand for IPv4 (RFC 4291), and of a site (RFC 3879).
_NOT_OUTSIDE = [ip_network(one) for one in ("64:ff9b:1::/48", "::ffff:0:0:0/96", "::/96", "fec0::/10")]
# Clouds tell a machine its secrets here, at numbers that look like anybody's: Oracle's and Azure's.
_OF_A_CLOUD = [ip_network(one) for one in ("192.0.0.0/24", "168.63.129.16/32")]
_PORTS = {"http": 80, "https": 443}


class PrivateAddress(Exception):
    """The address leads to a machine of our own, and nobody allowed that."""


def leads_home(url: str, allowed: Sequence[str]) -> bool:
    """Whether the host of `url` is for certain a machine of our own that may be asked: one allowed by its
    name, or a number in an allowed network. False if it is on the internet or nowhere, or if it is a name
    that leads into an allowed network today. Raises PrivateAddress for a machine that may not be asked.

    Asks the DNS, so it is for a thread.
    """
    parts = urlsplit(url)
    host, port = plain(parts.hostname or ""), parts.port or _PORTS.get(parts.scheme, 0)
    if is_named(host, port, allowed):
        return True
    check(host, port, (), allowed)  # what needs no look-up
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    addresses = [str(where[0]) for *_, where in found]
    check(host, port, addresses, allowed)
    return host in addresses and not is_outside(ip_address(host))


def check(host: str, port: int, addresses: Iterable[str], allowed: Sequence[str]) -> None:
    """Raises PrivateAddress if any of the addresses that `host` leads to may not be asked at `port`."""
    if is_named(host, port, allowed):
        return
    if "%" in host:  # a network card of this machine
        raise PrivateAddress(host)
    networks = [ip_network(one) for one in allowed if _is_network(one)]
    for address in map(ip_address, addresses):
        if is_outside(address) or is_named(str(address), port, allowed):
            continue
        if not any(address in network for network in networks):
            raise PrivateAddress(host)


def is_named(host: str, port: int, allowed: Iterable[str]) -> bool:
    """Whether it is allowed by its name or number, at this port or at any."""
    known = {host, f"[{host}]:{port}" if ":" in host else f"{host}:{port}"}
    return any(one.lower() in known for one in allowed)


def plain(host: str) -> str:
    """A host's name as it is compared."""
    return host.rstrip(".").lower()


def is_outside(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is on the internet."""
    if isinstance(address, IPv6Address):
        within = address.ipv4_mapped or address.sixtofour
        if within is None and address in _TRANSLATED:
            within = IPv4Address(int(address) & 0xFFFFFFFF)
        if within is not None:
            return is_outside(within)
        if any(address in network for network in _NOT_OUTSIDE):
            return False
    elif any(address in network for network in _OF_A_CLOUD):
        return False
    return address.is_global and not address.is_multicast


@lru_cache(maxsize=64)
def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True
