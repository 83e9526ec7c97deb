"""A month is paid from the command line: one drafts, another approves, a file leaves that adds up."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

from rich.console import Console

from earnest.live.sending import EventSender
from earnest.local.home import Home
from earnest.local.system import System
from services.ingest.schemas import DEAL, PLAN, ROSTER
from tests.command_line import earnest


def payout(home: Home, *arguments: str) -> tuple[int, str]:
    run = earnest("payout", *arguments, environment={"EARNEST_HOME": str(home.path), "COLUMNS": "200"})
    return run.returncode, run.stdout + run.stderr


def test_a_month_is_drafted_approved_by_another_and_exported(system: System, tmp_path: Path) -> None:
    sender = EventSender(system.home, system.settings, console=Console(quiet=True))
    bob = ROSTER | {"data": {"participant_id": "bob", "effective_from": "2025-01-01", "fields": {"plan": "rep"}}}
    sender.send("plans", "analyst", events=[PLAN])
    sender.send("roster", "hr", events=[ROSTER, bob])
    sender.send("deals", "crm", events=[DEAL])
    sender.wait_until_drained()

    code, said = payout(system.home, "run", "2025-03")
    assert (code, "625.00 USD to 2 participants" in said) == (0, True), said
    code, said = payout(system.home, "approve", "run-2025-03-1", "--as", "dana")
    assert (code, "does not have the scope runs:approve" in said) == (1, True), said
    assert payout(system.home, "export", "run-2025-03-1")[0] == 1
    assert payout(system.home, "submit", "run-2025-03-1")[0] == 0
    assert payout(system.home, "approve", "run-2025-03-1", "--as", "frank")[0] == 0
    code, said = payout(system.home, "export", "run-2025-03-1", "--out", str(tmp_path))
    assert (code, "2 payments" in said) == (0, True), said

    manifest = json.loads((tmp_path / "run-2025-03-1.manifest.json").read_text())
    content = (tmp_path / manifest["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == manifest["sha256"]
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert {row["participant_id"]: row["amount"] for row in rows} == {"ann": "375.00", "bob": "250.00"}
    assert "exported" in payout(system.home, "list")[1]
    # A file of another batch, which payroll may not have taken yet, is not replaced by one of its name.
    (tmp_path / manifest["file"]).write_text("another batch")
    assert payout(system.home, "export", "run-2025-03-1", "--out", str(tmp_path))[0] == 0
    assert (tmp_path / manifest["file"]).read_text() == "another batch"
    assert (tmp_path / "run-2025-03-1" / manifest["file"]).read_bytes() == content
    assert (tmp_path / "run-2025-03-1" / "run-2025-03-1.manifest.json").exists()

    balance = "375.00 │ 375.00 │    0.00"
    for arguments in (["ann"], ["--by", "participant"]):
        code, said = payout(system.home, "ledger", "balances", *arguments)
        assert (code, balance in said) == (0, True), said
    code, said = payout(system.home, "ledger", "balances", "--by", "cost-center")
    assert (code, "(none)" in said, "625.00" in said) == (0, True, True), said
    code, said = payout(system.home, "ledger", "journal", "ann")
    assert (code, "run run-2025-03-1 (frank)" in said, "-375.00 USD" in said) == (0, True, True), said
    code, said = payout(system.home, "ledger", "trial-balance", "2025-03")
    assert (code, "earned  │ USD      │    0.00 │   625.00 │     0.00 │  625.00" in said) == (0, True), said
    assert payout(system.home, "ledger", "trial-balance", "2025-13")[0] == 1
