"""How much of a service one client may take: every number, and why it is that.

They are the same everywhere and no settings: they lie well above what honest clients need, and below what a process of
512 MiB can give.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Final

HEAD_SECONDS: Final = 10.0
"""From a connection's first moment, or the first byte of a later request, to the end of its head: one packet, so
seconds also over a poor line.
"""
HEAD_BYTES: Final = 32 * 1024
"""Request line and headers: four times what proxies send at most; the parser itself has no limit."""
BODY_SECONDS: Final = 60.0
"""From the head to the last byte of the body: the largest one comes in this time at 1.4 Mbit/s."""
ANSWER_SECONDS: Final = 60.0
"""For which a reader may stand still in the middle of an answer that waits in memory to be read."""

CONNECTIONS: Final = 512
"""Of everyone. Each may have 320 KiB in the buffers of server and socket, but those of most are empty."""
CONNECTIONS_OF_ONE: Final = 128
"""From one address, which may be a proxy with many people behind it. Of one with more, the connection that waits
longest for the rest of its request is closed: one that is slow, not one that is honest and new.
"""

BODY_BYTES: Final = 10 * 1024 * 1024
"""The largest thing sent is a request of 10,000 events of a kilobyte; a file of more rows is sent in parts."""
BODY_BYTES_OF_UNKNOWN: Final = 64 * 1024
"""Of whom no key shows who it is: enough to say who one is, with a form of a page."""
BODIES_BYTES: Final = 48 * 1024 * 1024
"""Of all requests that are being taken or worked on: what a body becomes as it is read is several times its size, and
it has to fit beside the program itself.
"""
BODIES_BYTES_OF_ONE: Final = BODIES_BYTES // 2
"""Two of the largest, and there is as much for others."""

PLACES: Final = 10
"""Requests that are worked on at once. With those of `HEAVY_PLACES` they are as many as there are connections to the
database, so that nobody who has a thread waits for one. One client has half of them at most: there is one for another.
"""
WAITING_OF_ONE: Final = 64
"""Requests of one client that wait for a place; beyond it they are refused at once, before their sender gives up."""
WAITING_SECONDS: Final = 10.0
"""After which a request is refused that got no place: most clients give up after 10 to 30."""

HEAVY_PLACES: Final = 2
"""Requests at once that read a whole month, or everything: each may take a processor for seconds, and much memory."""
HEAVY_WAITING_OF_ONE: Final = 4
"""Of a client, as each takes seconds."""
HEAVY_WAITING_SECONDS: Final = 30.0
"""Several of what they usually take."""

STATEMENT_SECONDS: Final = 30.0
"""For one question to the database on behalf of whoever reads: many times what the largest takes."""
SNAPSHOT_SECONDS: Final = 120.0
"""For all that one request reads in one moment: a month of a million deals is read in a tenth of it."""
LOCK_SECONDS: Final = 60.0
"""For which who changes something waits for a lock: who holds one without a sign of life loses it after a minute.
Workers then try again, and requests are refused.
"""
LOG_SECONDS: Final = 30.0
"""For which a sender waits until what it sent is durable in the log: no longer than most of them wait."""


def address_of(peer: tuple[str, int] | None) -> str:
    """Where connections of one client come from: an address, and of IPv6 the network that one is given whole."""
    if peer is None:
        return "a socket of this machine"
    try:
        address = ip_address(peer[0].partition("%")[0])
    except ValueError:
        return peer[0]
    if not isinstance(address, IPv6Address) or address.ipv4_mapped:
        return peer[0]
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"
