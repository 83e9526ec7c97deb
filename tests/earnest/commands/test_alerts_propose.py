"""From an alert of a running installation to a draft that is checked, decided about and published, command by command."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
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
    assert "average_discount.USD.1.p1, rep: Of a deal discounted by more than 20% own credits less, evenly" in told
    assert ", when the KPI changed: " in told
    assert "0 gain, 12 lose, " in told
    assert "is what the change is for, and not in these figures." in told
    proposals = _proposals(system, folder)
    assert {each["kind"] for each in proposals} == {"discount_gate", "margin_modifier"}
    assert all(float(each["effect"]["cost_after"]) < float(each["effect"]["cost_before"]) for each in proposals)
    draft = folder / "drafts" / "rep-2-discount_gate.yaml"
    assert "This remark stays." in draft.read_text()
    assert "published by nobody" not in draft.read_text()  # which would stand there when it is published
    checks = re.findall(r"(?m)^  .*earnest .*plan check (.*)$", told)
    assert checks == [f"drafts/rep-2-{each['kind']}.yaml" for each in proposals]
    for one in checks:
        assert "P004" not in run(system, folder, "plan", "check", *one.split()).stdout
    assert (
        run(system, folder, "plan", "check", draft).returncode
        == run(system, folder, "plan", "check", "plans").returncode
    )
    assert "Rule own_discounted is new" in said(system, folder, "plan", "diff", "rep@1", str(draft))

    # The command that is told, in the words and in the field, pays the files again, for everyone.
    for proposal in proposals:
        program, *command = proposal["verify"].split()
        assert re.search(rf"The same figures, for everyone: {program} .*{' '.join(command)}\n", told)
        again = said(system, folder, *command)
        assert program == "earnest"
        assert f"This is what {proposal['proposal_id']} says, to the cent." in again
        before, after = (f"{float(proposal['effect'][name]):,.2f}" for name in ("cost_before", "cost_after"))
        assert re.search(rf"(?m)^all +{before} +{after} ", again)
        assert re.search(r"(?m)^rep\.11 ", again)

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
    listed = said(system, folder, "alerts", "proposals", ALERT)
    assert "Draft not published yet." in listed
    assert f"retired: {ALERT}.p1 was accepted" in listed
    retired = run(system, folder, "alerts", "decide", f"{ALERT}.p2", "accept", "--reason", "Both")
    assert (retired.returncode, f"{ALERT}.p1 was, and changes rep too" in retired.stderr) == (1, True)
    told = said(system, folder, "alerts", "decide", f"{ALERT}.p2", "reject", "--reason", "Too hard")
    assert "rejected by analyst: Too hard" in told
    other = run(system, folder, "alerts", "decide", f"{ALERT}.p2", "accept", "--reason", "After all")
    assert other.returncode == 1
    assert "was rejected by analyst" in other.stderr
    assert "acknowledged" in said(system, folder, "alerts", "show", ALERT)
    assert "Published: rep@2" in said(system, folder, "plan", "publish", f"drafts/{draft.name}", "--yes")
    until(
        lambda: "Published, to hold from " in said(system, folder, "alerts", "proposals", ALERT),
        "the draft in the plans",
    )
    assert "accepted by analyst: Margin counts" in said(system, folder, "alerts", "proposals", ALERT)

    again = said(system, folder, "alerts", "propose", ALERT, "--out", "again")
    assert re.search(f"{ALERT}.p1, rep: .* accepted by analyst: Margin counts Published, to hold from ", again)
    assert re.search(f"{ALERT}.p2, rep: .* rejected by analyst: Too hard", again)
    assert "Next:" not in again
    assert not (folder / "again").exists()
    assert "to the cent" in said(system, folder, "alerts", "verify", f"{ALERT}.p1")


def test_an_alert_that_there_is_not_is_named(discounting: tuple[System, Path]) -> None:
    system, folder = discounting
    wrong = run(system, folder, "alerts", "propose", "win_rate.77")
    assert (wrong.returncode, "win_rate.77" in wrong.stderr) == (1, True)


def _proposals(system: System, folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(said(system, folder, "alerts", "proposals", "--json"))["proposals"]
    return found


def test_figures_that_facts_have_changed_since_are_named(discounting: tuple[System, Path]) -> None:
    system, folder = discounting
    said(system, folder, "alerts", "propose", ALERT, "--out", "drafts")
    header, deal = (folder / "deals.csv").read_text().splitlines()[:2]
    fields = deal.split(",")
    day = (datetime.now(UTC).date().replace(day=1) - timedelta(days=40)).isoformat()
    more = ["more", fields[1], "70000", "100000", day, fields[5]]
    (folder / "more.csv").write_text(f"{header}\n{','.join(more)}\n")
    said(system, folder, "deals", "load", "more.csv")

    def differs() -> bool:
        found = run(system, folder, "alerts", "verify", f"{ALERT}.p2")
        return found.returncode == 1 and "facts have changed since it was offered: cost before " in found.stderr

    until(differs, "the deal in the figures")
