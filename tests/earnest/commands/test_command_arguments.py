"""How commands take what is typed: amounts below zero, and who approves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from earnest.cli import app
from earnest.commands import decisions
from tests.command_line import earnest


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)], ids=["arguments-first", "mixed", "options-first"])
def test_an_amount_below_zero_is_no_option(
    order: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mail.txt").write_text("agreed")
    sent: list[dict[str, Any]] = []

    class Listening:
        def post(self, _: str, **asked: Any) -> dict[str, Any]:
            sent.append(asked["body"])
            body = asked["body"]
            return {"id": 7, "kind": "adjustment", "subject": body["id"], "body": body, "proposed_by": ["tina"]}

    monkeypatch.setattr(decisions, "connected", Listening)
    parts = [
        ["P-101", "-300", "GBP", "2026-05"],
        ["--reason", "-5% agreed"],
        ["--attachment", str(tmp_path / "mail.txt")],
    ]
    result = CliRunner().invoke(app, ["adjust", *(word for place in order for word in parts[place])])
    assert result.exit_code == 0, result.output
    assert (sent[0]["amount"], sent[0]["participant_id"], sent[0]["reason"]) == ("-300", "P-101", "-5% agreed")


def test_a_slip_in_an_option_is_still_one() -> None:
    result = CliRunner().invoke(app, ["adjust", "P-101", "-300", "GBP", "2026-05", "--raeson", "x"])
    assert (result.exit_code, "No such option" in result.output) == (2, True)


@pytest.mark.parametrize(
    "command",
    [
        ("payout", "approve", "run-2026-06-1"),
        ("payout", "return", "run-2026-06-1", "--reason", "look again"),
        ("dismiss-clawback", "ada", "D-1", "--reason", "our mistake"),
    ],
    ids=["approve", "return", "dismiss"],
)
def test_who_approves_is_always_said(command: tuple[str, ...]) -> None:
    found = earnest(*command)
    assert (found.returncode, "Missing option '--as'" in found.stderr) == (2, True), found.stderr
