"""The company's payroll: the analyst proposes how it pays and Carla approves that; every month Dana makes a run, Frank
approves it, Carla too where it is large, payroll fetches the file and acknowledges it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import yaml

from earnest.client import Client
from shared.periods import Month

ANALYST: Final = "analyst"
AUTHOR: Final = "dana"
APPROVERS: Final = ("frank", "carla")
"""Finance approves every run, the CFO those above an amount."""
PAYROLL: Final = "payroll"
PAY_GROUP: Final = "monthly"
RELEASED: Final = ("exported", "acknowledged", "paid")


class Payroll:
    """Runs of one installation; payroll files are written to `folder`."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._client, self._folder = client, folder

    def publish(self, policies: Iterable[Path]) -> None:
        """Publish how the company pays; what is published already stays as it is."""
        read = [yaml.safe_load(path.read_text()) for path in sorted(policies)]
        for policy in sorted(read, key=lambda policy: policy["kind"] != "pay_group"):  # others name the pay groups
            policy["valid_from"] = str(policy["valid_from"])
            body = {"policy": policy, "reason": "how Fernhill Instruments pays"}
            said = self._client.put(f"/v1/policies/{policy['kind']}/{policy['id']}", who=ANALYST, body=body)
            if said.get("state") == "proposed":
                self._client.post(f"/v1/changes/{said['id']}/approve", who=APPROVERS[-1], body={})

    def runs(self) -> list[dict[str, Any]]:
        """All runs but those that were cancelled, the earliest pay period first."""
        runs = self._client.get("/v1/runs", who=AUTHOR)["runs"]
        return sorted((run for run in runs if run["state"] != "cancelled"), key=lambda run: str(run["ends"]))

    def run(self, period: Month) -> dict[str, Any]:
        """Bring the run of a month to its end: calculated, submitted, approved, released and acknowledged. What is done
        stays.

        Raises:
            LocalError: payout refuses a step.
        """
        known = next((run for run in self.runs() if run["pay_period"] == period), None)
        if known is not None:
            known = self._client.get(f"/v1/runs/{known['id']}", who=AUTHOR)
        run = known or self._client.post("/v1/runs", who=AUTHOR, body={"period": period, "pay_group": PAY_GROUP})
        # Each step is taken only from the state before it: a play that was interrupted goes on where it stood.
        if run["state"] in ("draft", "calculated"):
            run = self._step(self._step(run, "calculate", who=AUTHOR), "submit", who=AUTHOR)
        for who in APPROVERS[len(run["approvals"]) :]:
            if run["state"] == "submitted":
                run = self._step(run, "approve", who=who)
        if run["state"] == "approved":
            run = self._step(run, "export", who=AUTHOR)
        if run["state"] == "exported":
            self._acknowledge(run)
        return self._client.get(f"/v1/runs/{run['id']}", who=AUTHOR)

    def paid(self) -> dict[str, Decimal]:
        """By currency what was paid, without what payroll gave back."""
        sums: dict[str, Decimal] = {}
        for balance in self._client.get("/v1/balances?by=entity", who=AUTHOR)["balances"]:
            sums[balance["currency"]] = sums.get(balance["currency"], Decimal(0)) + Decimal(balance["paid"])
        return sums

    def dispute(self, deal: str) -> None:
        """Put a deal on hold whose customer disputes the invoice: the run of the open month shows it. Doing it again
        changes nothing.
        """
        held = self._client.get("/v1/holds", who=AUTHOR)["holds"]
        if deal not in {hold["subject"] for hold in held}:
            reason = "the customer disputes the invoice"
            body = {"id": f"dispute-{deal}", "scope": "deal", "subject": deal, "reason": reason, "dispute": True}
            self._client.post("/v1/holds", who=ANALYST, body=body)

    def file_of(self, run: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
        """Fetch the payroll file of a released run and its manifest: its path, and what it must add up to."""
        batch = self._batches(run)[0]["id"]
        content = self._client.fetch(f"/v1/payroll/batches/{batch}/manifest", who=PAYROLL)
        manifest: dict[str, Any] = json.loads(content)
        path = self._folder / str(manifest["file"])
        path.write_bytes(self._client.fetch(f"/v1/payroll/batches/{batch}/file", who=PAYROLL))
        path.with_suffix(".manifest.json").write_bytes(content)
        return path, manifest

    def late(self, participant_id: str, period: Month) -> list[dict[str, Any]]:
        """A participant's journals booked in `period` about periods before it."""
        journals = self._client.get(f"/v1/participants/{participant_id}/journal", who=AUTHOR)["journals"]
        return [
            journal
            for journal in journals
            if journal["kind"] == "earning" and journal["origin_period"] < journal["period"] == period
        ]

    def _batches(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        batches: list[dict[str, Any]] = self._client.get(f"/v1/payroll/batches?run={run['id']}", who=PAYROLL)["batches"]
        return batches

    def _acknowledge(self, run: dict[str, Any]) -> None:
        """Take the files as a payroll system does: fetch each, and say what arrived."""
        for batch in self._batches(run):
            self._client.fetch(f"/v1/payroll/batches/{batch['id']}/file", who=PAYROLL)
            said = {name: batch[name] for name in ("sha256", "record_count", "control_totals")}
            path = f"/v1/payroll/batches/{batch['id']}/ack"
            key = {"idempotency-key": f"ack-{batch['id']}"}
            self._client.post(path, who=PAYROLL, body={"status": "accepted", **said}, headers=key)

    def _step(self, run: dict[str, Any], step: str, *, who: str) -> dict[str, Any]:
        return self._client.post(f"/v1/runs/{run['id']}/{step}", who=who)
