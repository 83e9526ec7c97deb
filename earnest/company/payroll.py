"""The company's payroll: every month Dana drafts a run, Frank approves it, and the file leaves for payroll."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from earnest.client import Client

AUTHOR: Final = "dana"
APPROVER: Final = "frank"


class Payroll:
    """Runs of one installation; payroll files are written to `folder`."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._client, self._folder = client, folder

    def runs(self) -> list[dict[str, Any]]:
        """All runs but those that were cancelled, the earliest period first."""
        found = self._client.ask("payout", "GET", "/v1/runs", AUTHOR)["runs"]
        return sorted((run for run in found if run["state"] != "cancelled"), key=lambda run: str(run["period"]))

    def run(self, period: str) -> dict[str, Any]:
        """Bring the run of a period to its end: drafted, approved, exported. What is done already stays as it is.

        Raises:
            LocalError: payout refuses a step.
        """
        found = next((run for run in self.runs() if run["period"] == period), None)
        run = found or self._client.ask("payout", "POST", "/v1/runs", AUTHOR, {"period": period})
        if run["state"] == "draft":
            if found:
                self._step(run, "recalculate", AUTHOR)
            run = self._step(run, "approve", APPROVER)
        if run["state"] == "approved":
            run = self._step(run, "export", AUTHOR)
        return run

    def file_of(self, run: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
        """Fetch the payroll file of an exported run and its manifest: where it was written, and what it must add up to."""
        told = self._client.fetch("payout", f"/v1/runs/{run['id']}/manifest", AUTHOR)
        manifest: dict[str, Any] = json.loads(told)
        path = self._folder / str(manifest["file"])
        path.write_bytes(self._client.fetch("payout", f"/v1/runs/{run['id']}/file", AUTHOR))
        path.with_suffix(".manifest.json").write_bytes(told)
        return path, manifest

    def late(self, participant_id: str, period: str) -> list[dict[str, Any]]:
        """A participant's journals booked in `period` about periods before it."""
        journals = self._client.ask("payout", "GET", f"/v1/participants/{participant_id}/journal", AUTHOR)["journals"]
        return [
            journal
            for journal in journals
            if journal["kind"] == "earning" and journal["origin_period"] < journal["period"] == period
        ]

    def _step(self, run: dict[str, Any], step: str, who: str) -> dict[str, Any]:
        return self._client.ask("payout", "POST", f"/v1/runs/{run['id']}/{step}", who)
