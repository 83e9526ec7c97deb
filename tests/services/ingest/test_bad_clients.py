"""200 senders that stop in the middle of a body and 200 that send a byte now and then: honest ones do not notice, and
little is held for the others.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

import httpx
import psutil
import pytest

from services.ingest import intake
from shared.contracts.topics import DEALS
from tests.services.ingest.conftest import Ingest
from tests.services.ingest.test_ingest_takes_events import StuckLog, deal
from tests.shared.admission.conftest import serving

BAD = 200
HALF = b"x" * 3_000_000
HEAD = b"POST /v1/deals HTTP/1.1\r\nhost: here\r\nauthorization: Bearer billing-key\r\ncontent-length: 6000000\r\n\r\n"
SLOW = b"GET /v1/plans HTTP/1.1\r\nx-slow: "
MOST = 150 * 1024 * 1024
"""Bytes: what is left of a container's 512 MiB beside the program, and a quarter of what all halves are."""


def test_honest_senders_are_answered_beside_half_open_and_slow_ones(start_ingest: Callable[..., Ingest]) -> None:
    ingest = start_ingest()
    with serving(ingest.app) as port:
        honest = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"authorization": "Bearer let-me-in"}, timeout=300
        )
        answers = [honest.post("/v1/deals", json=deal(0)).status_code]
        before = psutil.Process().memory_info().rss
        bad = [opened(port, HEAD + HALF) for _ in range(BAD)]
        held = psutil.Process().memory_info().rss - before
        slow = [opened(port, SLOW) for _ in range(BAD)]
        for number in range(1, 101):
            for each in slow[number::10]:
                send(each, b"x")
            answers.append(honest.post("/v1/deals", json=deal(number)).status_code)
        honest.close()
        for each in (*bad, *slow):
            each.close()
    assert answers == [202] * 101  # over one connection: it was never cut off for the others' sake
    assert len(ingest.in_log(DEALS)) == 101
    assert held < MOST < BAD * len(HALF) / 3


def test_a_sender_waits_for_the_log_only_so_long(
    start_ingest: Callable[..., Ingest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "LOG_SECONDS", 0.05)
    stuck = StuckLog()
    answer = start_ingest(log=stuck).client.post("/v1/deals", json=deal(1))
    stuck.let_go.set()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def opened(port: int, content: bytes) -> socket.socket:
    """A connection on which this was sent, as far as the service took it."""
    connection = socket.create_connection(("127.0.0.1", port))
    send(connection, content)
    return connection


def send(connection: socket.socket, content: bytes) -> None:
    """Send, unless the service has closed the connection."""
    with contextlib.suppress(OSError):
        connection.sendall(content)
