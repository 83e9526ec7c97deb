"""`earnest pay` names terms that take back what they promise, and those that do nothing for somebody."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from earnest.cli import app
from tests.earnest.commands.test_pay_command import EARNED, TERMS, pay


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            "draw: {amount: 3000}\nmaximum: {amount: 100}",
            "P702: payment terms t: the maximum is below the draw, which is then never paid in full",
        ),
        ("draw: {amount: 3000, since: 2025-01}\nmaximum: {amount: 100, until: 2024-12}", None),
        ("draw: {amount: 3000, recovered: after_maximum}\nmaximum: {amount: 100}", None),
        ("draw: {amount: 3000}\nmaximum: {amount: 100, above: forfeit}", None),
        ("draw: {amount: 3000, recover: 0%}", "P701: payment terms t: what the draw advances is never recovered"),
        (
            "draw: {amount: 30}\nminimum: {amount: 100}",
            "P702: payment terms t: the draw is below the minimum, which is waited for",
        ),
        ("draw: {amount: 30}\nminimum: {amount: 100, below: top_up}", None),
        (
            "guarantee: {amount: 3000, every: quarter, since: 2025-02}",
            "P703: payment terms t: since of the guarantee lies within 2025-01 to 2025-03",
        ),
        (
            "guarantee: {amount: 3000, every: quarter, settled: running, until: 2025-02}",
            "P703: payment terms t: until of the guarantee lies within 2025-01 to 2025-03",
        ),
        ("guarantee: {amount: 3000, every: quarter, since: 2025-01, until: 2025-03}", None),
    ],
)
def test_terms_that_contradict_themselves_are_named_by_pay_and_by_policy_check(
    tmp_path: Path, more: str, says: str | None
) -> None:
    (tmp_path / "terms.yaml").write_text(TERMS.replace("draw: {amount: 3000}", more))
    (tmp_path / "earned.csv").write_text(EARNED)
    told = [line for line in pay(tmp_path).output.splitlines() if line.startswith("Warning")]
    assert len(told) == (says is not None)
    assert says is None or told[0].startswith(f"Warning: {says}")
    checked = CliRunner().invoke(app, ["policy", "check", str(tmp_path / "terms.yaml")])
    assert checked.exit_code == (says is not None)
    assert says is None or says.partition(": ")[2] in checked.output


def test_who_joined_is_asked_for_where_a_draw_is_recovered_after_some_months(tmp_path: Path) -> None:
    warning = "Warning: recover_after_months delays nothing for ada: nobody says when they joined"
    text = TERMS.replace("draw: {amount: 3000}", "draw: {amount: 3000, recover_after_months: 2}")
    (tmp_path / "terms.yaml").write_text(text)
    (tmp_path / "earned.csv").write_text("participant_id,period,amount,currency\nada,2026-01,1000,USD\n")
    assert warning in pay(tmp_path).output
    (tmp_path / "events.csv").write_text("event,participant_id,date\njoined,ada,2026-01-01\n")
    assert "Warning" not in pay(tmp_path, "--events", tmp_path / "events.csv").output
    (tmp_path / "terms.yaml").write_text(text.replace("2}", "2, since: 2026-01}"))
    assert "Warning" not in pay(tmp_path).output
