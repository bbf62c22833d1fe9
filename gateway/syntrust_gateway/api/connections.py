"""Connections that wait: how long each may, and how many there may be of one address.

uvicorn waits for ever for the head of a request. So a few hundred connections on which nothing is
sent would keep everybody else out.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, IPv6Network
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from syntrust_gateway.api.incoming.addresses import name_subscriber, parse_host

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class ConnectionLimits:
    """How many connections may be open, of one address too (0: any), and how long a head takes.

    Proxies are addresses on whose connections the requests of many callers come; any number of
    connections may be open to them.
    """

    most: int = 512
    per_address: int = 128
    head_timeout_s: float = 10.0
    proxies: tuple[Network, ...] = ()


def guarded_protocol(limits: ConnectionLimits) -> type[asyncio.Protocol]:
    """Make what uvicorn takes as `http`: its own protocol, with these limits."""
    made = partial(GuardedProtocol, connections=OpenConnections(limits))
    return cast(type[asyncio.Protocol], made)


class OpenConnections:
    """The open connections, oldest first. If they are too many, one that waits has to go.

    So no connection that somebody only holds open keeps a request out.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._open: dict[GuardedProtocol, str] = {}
        self._counts = Counter[str]()

    def admit(self, connection: GuardedProtocol) -> bool:
        """Count a new connection in; one that waits may have to go for it.

        False if its address has as many as it may, and all are at work.
        """
        address = self._subscriber(connection)
        limit = self.limits.per_address
        if limit and address and self._counts[address] >= limit and not self._close_one({address}):
            return False
        if len(self._open) >= self.limits.most:
            self._close_one(self._by_number())
        self._open[connection] = address
        self._counts[address] += 1
        return True

    def release(self, connection: GuardedProtocol) -> None:
        address = self._open.pop(connection, None)
        if address is not None:
            self._counts[address] -= 1
            if not self._counts[address]:
                del self._counts[address]

    def _by_number(self) -> Iterable[str]:
        """List addresses, those with the most connections first."""
        return [address for address, _ in self._counts.most_common()]

    def _close_one(self, addresses: Iterable[str]) -> bool:
        """Close the oldest connection that waits, of the first of the addresses that has one."""
        for wanted in addresses:
            for connection, address in self._open.items():
                if address == wanted and connection.waits:
                    self.release(connection)
                    connection.close_waiting()
                    return True
        return False

    def _subscriber(self, connection: GuardedProtocol) -> str:
        """Name who is at the other end; empty for a proxy, or a socket without addresses."""
        if connection.client is None:
            return ""
        address = parse_host(connection.client[0])
        if any(address in network for network in self.limits.proxies):
            return ""
        return name_subscriber(address)


class GuardedProtocol(H11Protocol):
    """uvicorn's protocol, which closes a connection whose next head takes too long."""

    def __init__(self, *arguments: Any, connections: OpenConnections, **options: Any) -> None:  # noqa: ANN401 - as uvicorn calls it
        super().__init__(*arguments, **options)
        self._open_connections = connections
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def waits(self) -> bool:
        """Say whether no request is under way: a head is due, or what follows an early answer."""
        over = self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY
        return over or self.conn.their_state is h11.IDLE

    def close_waiting(self) -> None:
        self.connections.discard(self)
        if not self.transport.is_closing():
            self.transport.close()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        if self._open_connections.admit(self):
            self._mind_deadline()
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_connections.release(self)
        self._drop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._mind_deadline()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # Between two requests uvicorn's own timer runs. It stops at the first byte that comes, but
        # some of the next head may be here already.
        if self.conn.their_state is not h11.IDLE or self.conn.trailing_data[0]:
            self._mind_deadline()

    def _mind_deadline(self) -> None:
        """Let one deadline run from the first moment of waiting to its end: bytes buy no time."""
        if not self.waits or self.transport.is_closing():
            self._drop_deadline()
        elif self._deadline is None:
            seconds = self._open_connections.limits.head_timeout_s
            self._deadline = self.loop.call_later(seconds, self.close_waiting)

    def _drop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
