"""From an alert of a running installation to a draft that is checked, decided about and published, command by command."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from earnest.client import Client
from earnest.local.system import System
from tests.earnest.commands.loaded_files import run, said
from tests.earnest.proposals.proposal_company import write_files
from tests.waiting import until

ALERT = "average_discount.USD.1"


@pytest.fixture(scope="module")
def discounting(empty: System, tmp_path_factory: pytest.TempPathFactory) -> tuple[System, Path]:
    """An installation in which everybody grants 30 % since April, and the alert about it is open."""
    folder = tmp_path_factory.mktemp("discounting")
    # A system that runs knows what day it is: the last deals were closed a few days ago.
    days_later = (datetime.now(UTC).date() - date(2025, 6, 25)).days
    write_files(folder, discount=0.3, days_later=days_later)
    for words in (("plan", "publish", "plans"), ("roster", "load", "roster.csv"), ("deals", "load", "deals.csv")):
        said(empty, folder, *words)
    client = Client(empty.home, empty.settings)

    def is_open() -> bool:
        found = client.get("/v1/alerts?state=open", who="analyst", service="alerts")["alerts"]
        return any(alert["alert_id"] == ALERT for alert in found)

    until(is_open, "the alert about discounts")
    return empty, folder


def test_an_alert_is_answered_by_a_draft_that_is_sound_decided_about_and_published_by_people(
    discounting: tuple[System, Path],
) -> None:
    system, folder = discounting
    told = said(system, folder, "alerts", "propose", ALERT, "--out", "drafts")
    assert "average_discount.USD.1.p1, rep: Of a deal discounted by more than 20% own credits only 50%." in told
    assert "0 gain, 12 lose, " in told
    assert "is what the change is for, and not in these figures." in told
    proposals = _proposals(system, folder)
    assert {each["kind"] for each in proposals} == {"discount_gate", "margin_modifier"}
    assert all(float(each["effect"]["cost_after"]) < float(each["effect"]["cost_before"]) for each in proposals)
    draft = folder / "drafts" / "rep-2-discount_gate.yaml"
    assert "This remark stays." in draft.read_text()
    assert (
        run(system, folder, "plan", "check", draft).returncode
        == run(system, folder, "plan", "check", "plans").returncode
    )
    assert "Rule own_discounted is new" in said(system, folder, "plan", "diff", "rep@1", str(draft))

    # Nothing was applied, and offering again changes nothing.
    assert "rep@2" not in said(system, folder, "plan", "list")
    said(system, folder, "alerts", "propose", ALERT, "--out", "drafts")
    assert _proposals(system, folder) == proposals

    draft.unlink()
    told = said(
        system, folder, "alerts", "decide", f"{ALERT}.p1", "accept", "--reason", "Margin counts", "--out", "drafts"
    )
    assert f"{ALERT}.p1 is accepted by analyst: Margin counts" in told
    assert f" plan publish {Path('drafts') / draft.name}\n" in told
    told = said(system, folder, "alerts", "decide", f"{ALERT}.p2", "reject", "--reason", "Too hard")
    assert "rejected by analyst: Too hard" in told
    other = run(system, folder, "alerts", "decide", f"{ALERT}.p2", "accept", "--reason", "After all")
    assert other.returncode == 1
    assert "was rejected by analyst" in other.stderr
    assert "acknowledged" in said(system, folder, "alerts", "show", ALERT)
    assert "Published: rep@2" in said(system, folder, "plan", "publish", f"drafts/{draft.name}", "--yes")
    assert "accepted by analyst: Margin counts" in said(system, folder, "alerts", "proposals", ALERT)


def test_an_alert_that_there_is_not_is_named(discounting: tuple[System, Path]) -> None:
    system, folder = discounting
    wrong = run(system, folder, "alerts", "propose", "win_rate.77")
    assert (wrong.returncode, "win_rate.77" in wrong.stderr) == (1, True)


def _proposals(system: System, folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(said(system, folder, "alerts", "proposals", "--json"))["proposals"]
    return found
