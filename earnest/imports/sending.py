"""Sending events to a running installation through ingest and waiting until they are worked off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

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


class ImportSender:
    """Sends to one installation, as the principals of its folder."""

    def __init__(self, home: Home, settings: Settings, *, console: Console) -> None:
        self._home, self._settings, self._console = home, settings, console

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
        """Send events to `/v1/<what>` in batches; all of them must be accepted.

        Raises:
            LocalError: the installation does not answer, or refuses something; says what.
        """
        headers = {"authorization": f"Bearer {self._home.key(principal)}", "content-type": "application/json"}
        starts = range(0, len(events), BATCH)
        with httpx.Client(base_url=self._settings.ingest_url, headers=headers, timeout=60) as client:
            for start in track(starts, f"Sending {what}", console=self._console, transient=True):
                body = orjson.dumps(events[start : start + BATCH])
                try:
                    answer = client.post(f"/v1/{what}", content=body)
                except httpx.TransportError:
                    raise LocalError(
                        f"nobody answers at {self._settings.ingest_url}: run `earnest up` in another terminal"
                    ) from None
                if answer.status_code != httpx.codes.ACCEPTED:
                    raise LocalError(f"ingest refused {what}: {answer.json().get('detail', answer.text)}")
                if answer.json()["rejected"]:
                    first = next(result for result in answer.json()["results"] if result["status"] == "rejected")
                    raise LocalError(f"ingest rejected {what} {start + first['index']}: {first['errors']}")

    def wait_until_drained(self) -> None:
        """Return when everything sent is credited, earned and booked."""
        with self._console.status("Waiting until everything is credited, earned and booked"):
            wait_until_drained(self._settings, lambda _: None)
