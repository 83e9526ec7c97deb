"""Sending events to a running installation through ingest and waiting until they are worked off."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Any, NamedTuple

import httpx
import orjson
from rich.console import Console
from rich.progress import track

from earnest.local.drain import wait_until_drained
from earnest.local.home import Home
from earnest.local.processes import LocalError
from shared.contracts import plans
from shared.contracts.message import structured_event
from shared.kernel import Plan
from shared.settings import Settings

BATCH = 500
PAUSES = (1, 2, 4, 8, 16)
"""Seconds between tries where ingest has too much to do."""


class Refusal(NamedTuple):
    """An event that was refused, by its place among those that were sent, and why."""

    place: int
    why: str


class EventSender:
    """Sends to one installation, as the principals of its folder."""

    def __init__(self, home: Home, settings: Settings, *, console: Console) -> None:
        self._home, self._settings, self._console = home, settings, console

    def working(self, what: str) -> AbstractContextManager[object]:
        """Something that moves on the terminal while something else is done than sending."""
        return self._console.status(what)

    def publish(self, versions: Iterable[Plan]) -> None:
        """Publish plan versions; those that are published already stay as they are."""
        events = [
            structured_event(
                plans.TYPE,
                plan.key,  # of the version, not of the sending: sent again, it is the same event
                source="plan-files",
                time=f"{plan.effective_from.isoformat()}T00:00:00Z",
                data={"document": plan.document()},
            )
            for plan in versions
        ]
        self.send("plans", "analyst", events=events)

    def send(self, what: str, principal: str, *, events: Sequence[dict[str, Any]]) -> None:
        """Send events to `/v1/<what>`; all of them must be accepted.

        Raises:
            LocalError: the installation does not answer, or refuses something; says what.
        """
        if refusals := self.offer(what, principal, events=events):
            raise LocalError(f"ingest rejected {what} {refusals[0].place}: {refusals[0].why}")

    def offer(self, what: str, principal: str, *, events: Sequence[dict[str, Any]]) -> list[Refusal]:
        """Send events to `/v1/<what>` in batches, and say which were refused; the others are durable.

        Raises:
            LocalError: the installation does not answer, or refuses a batch whole; what was sent before is there.
        """
        headers = {"authorization": f"Bearer {self._home.key(principal)}", "content-type": "application/json"}
        starts, refusals = range(0, len(events), BATCH), list[Refusal]()
        with httpx.Client(base_url=self._settings.ingest_url, headers=headers, timeout=60) as client:
            for start in track(starts, f"Sending {what}", console=self._console, transient=True):
                receipt = self._sent(client, what, body=orjson.dumps(events[start : start + BATCH]))
                for result in receipt["results"]:
                    if result["status"] == "rejected":
                        why = "; ".join(f"{error['field']}: {error['reason']}" for error in result["errors"])
                        refusals.append(Refusal(start + result["index"], why))
        return refusals

    def _sent(self, client: httpx.Client, what: str, *, body: bytes) -> dict[str, Any]:
        for pause in (*PAUSES, None):
            try:
                answer = client.post(f"/v1/{what}", content=body)
            except httpx.TransportError:
                raise LocalError(
                    f"nobody answers at {self._settings.ingest_url}: run `earnest up` in another terminal"
                ) from None
            if answer.status_code not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE) or not pause:
                break
            time.sleep(pause)  # as it asks for: nothing was lost
        receipt: dict[str, Any] = answer.json()
        # Where nothing of a batch is valid, the answer is a problem that has the results all the same.
        if answer.status_code != HTTPStatus.ACCEPTED and "results" not in receipt:
            raise LocalError(f"ingest refused {what}: {receipt.get('detail', answer.text)}")
        return receipt

    def wait_until_drained(self) -> None:
        """Return when everything sent is credited, earned and booked."""
        with self._console.status("Waiting until everything is credited, earned and booked"):
            wait_until_drained(self._settings, lambda _: None)
