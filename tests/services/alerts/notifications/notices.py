"""What people are told, and a real HTTP server that is told it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from services.alerts.notifications.message import Told

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def told(**facts: Any) -> Told:
    """An alert about the discount that opened, with other facts where they are given."""
    usual: dict[str, Any] = {
        "event_id": "average_discount.EUR.1/1",
        "event": "opened",
        "at": datetime(2025, 3, 14, 9, tzinfo=UTC),
        "alert_id": "average_discount.EUR.1",
        "kpi": "average_discount",
        "title": "Average discount",
        "about": "plan",
        "severity": "warning",
        "level": 0,
        "unit": "ratio",
        "currency": "EUR",
        "dimension": None,
        "segment": None,
        "direction": "up",
        "rule": "cusum",
        "detected_on": date(2025, 3, 14),
        "onset": date(2025, 3, 3),
        "value": Decimal("0.253117"),
        "expected": Decimal("0.20"),
        "who": "earnest",
        "why": "",
        "owner": None,
        "resolution": None,
        "action": "Find who and what is discounted.",
        "link": "http://127.0.0.1:8804/v1/alerts/average_discount.EUR.1",
    }
    return Told(**usual | facts)


class Received(NamedTuple):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """A server that keeps what it is sent and answers with the next of `answers`, at the end with 204."""

    def __init__(self, url: str) -> None:
        self.url, self.received, self.answers = url, list[Received](), list[tuple[int, dict[str, str]]]()


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A server on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            here.received.append(
                Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            )
            status, headers = here.answers.pop(0) if here.answers else (204, {})
            self.send_response(status)
            for name, value in {"content-length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        here = Receiver(f"http://127.0.0.1:{server.server_port}/alerts")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield here
        server.shutdown()
        thread.join()
