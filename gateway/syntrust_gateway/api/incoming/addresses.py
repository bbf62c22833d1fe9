"""Addresses by subscriber: whoever has one IPv6 address has 2^64 of them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_SUBSCRIBER_BITS: Final = 64  # of an IPv6 address: what one subscriber has


def parse_host(host: str) -> IPv4Address | IPv6Address:
    """Read the address at the other end of a connection; IPv4 in IPv6 is IPv4.

    Raises
    ------
    ValueError
        If it is no address, such as the name of a socket.
    """
    address = ip_address(host.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def name_subscriber(address: IPv4Address | IPv6Address) -> str:
    """Name an IPv4 address, or the /64 of an IPv6 address."""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _SUBSCRIBER_BITS), strict=False))
    return str(address)
