"""Whether an address that somebody typed may be asked: not if it leads into our own network."""

import socket
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

# IPv6 that stands for an IPv4 address, by way of a translator (RFC 6052).
_TRANSLATED = ip_network("64:ff9b::/96")
# What a network of our own may translate to anything (RFC 8215, RFC 2765), and what no network has had for
# long: addresses that stand for IPv4 (RFC 4291), and of a site (RFC 3879).
_NOT_OUTSIDE = [ip_network(one) for one in ("64:ff9b:1::/48", "::ffff:0:0:0/96", "::/96", "fec0::/10")]


class PrivateAddress(Exception):
    """The address leads to a machine of our own, and nobody allowed that."""


def leads_home(url: str, allowed: Sequence[str]) -> bool:
    """Whether the host of `url` is for certain a machine of our own that may be asked: one allowed by its
    name, or a number in an allowed network. False if it is on the internet or nowhere, or if it is a name
    that leads into an allowed network today. Raises PrivateAddress for a machine that may not be asked.

    `allowed`: names ("ollama.internal") and networks ("10.1.0.0/16"). Asks the DNS, so it is for a thread.
    """
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if host in {one.lower() for one in allowed}:
        return True
    if "%" in host:  # a network card of this machine
        raise PrivateAddress(host)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    networks = [ip_network(one) for one in allowed if _is_network(one)]
    ours = {
        address for address in {ip_address(str(where[0])) for *_, where in found} if not is_outside(address)
    }
    if any(not any(address in network for network in networks) for address in ours):
        raise PrivateAddress(host)
    return host in map(str, ours)


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
    return address.is_global and not address.is_multicast


@lru_cache(maxsize=64)
def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True
