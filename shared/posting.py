"""Posts JSON to addresses that people declared, and to no place inside our own network.

A name is resolved once, checked, and the address that was checked is the one connected to: a name that means something
else a moment later leads nowhere else. Redirects are not followed, answers are not read.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

import httpx


class NotSent(Exception):
    """It did not arrive this time; trying again may help. The message holds no secret."""


class Refused(NotSent):
    """It will not arrive until somebody changes what was declared or the other end; it is tried all the same, for that
    may happen within the day.
    """


TIMEOUT: Final = httpx.Timeout(10)
_PORTS: Final = {"https": 443, "http": 80}


def post(url: str, body: bytes, *, headers: Mapping[str, str], loopback: bool) -> None:
    """Post a body; whoever answers with 2xx has it.

    Args:
        url: where to; https, as others could read along otherwise.
        body: JSON.
        headers: beside the usual ones.
        loopback: whether this machine itself may be the receiver, then also without TLS.

    Raises:
        NotSent: the other end does not answer, or not as it should.
        Refused: the address may not be spoken to, or the other end refuses.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    address = _address(host, port, loopback=loopback)
    if parts.scheme != "https" and not (address.is_loopback and loopback):
        raise Refused(f"{host}: messages go out over https only")
    literal = f"[{address}]" if address.version == 6 else str(address)
    target = parts._replace(netloc=f"{literal}:{port}").geturl()
    named = host if parts.port is None else f"{host}:{parts.port}"
    request_headers = {"content-type": "application/json", "user-agent": "earnest", "host": named, **headers}
    try:
        # Without the proxies of the environment, which would resolve the name again.
        with (
            httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client,
            client.stream(
                "POST", target, content=body, headers=request_headers, extensions={"sni_hostname": host}
            ) as answer,
        ):
            status = answer.status_code
    except httpx.HTTPError as error:
        raise NotSent(f"{host} cannot be reached: {type(error).__name__}") from None
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return
    soon = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
    kind = NotSent if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in soon else Refused
    raise kind(f"{host} answers with status {status}")


def _address(host: str, port: int, *, loopback: bool) -> IPv4Address | IPv6Address:
    """The first address of a host that may be spoken to.

    Raises:
        NotSent: there is no such host now.
        Refused: it is no public address.
    """
    try:
        found = [ip_address(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError, ValueError):
        raise NotSent(f"{host}: there is no such host now") from None
    allowed = [address for address in found if _is_public(address) or (loopback and address.is_loopback)]
    if not allowed or len(allowed) < len(found):
        raise Refused(f"{host} is an address inside a private network, which messages are not sent to")
    return allowed[0]


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_global and not address.is_multicast
