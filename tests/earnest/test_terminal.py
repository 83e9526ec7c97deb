"""Tables show every digit, and text as it is."""

from __future__ import annotations

import pytest
from rich.table import Table

from earnest.terminal import print_table, show_run


def test_a_wide_table_keeps_every_digit_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    table = Table(*(f"account {number}" for number in range(12)))
    table.add_row(*(f"{number:,}.00" for number in range(1_000_000, 1_000_012)))
    print_table(table)
    said = capsys.readouterr().out
    assert all(f"{number:,}.00" in said for number in range(1_000_000, 1_000_012))


def test_a_table_without_rows_says_so_instead(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(Table("run", "state"), "There are no runs yet: earnest payout run PERIOD")
    assert capsys.readouterr().out == "There are no runs yet: earnest payout run PERIOD\n"


def test_what_looks_like_markup_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("reason")
    table.add_row("[/nope] [bold]=cmd[/bold]")
    print_table(table)
    assert "[/nope] [bold]=cmd[/bold]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("participants", "words"),
    [(["ada", "bo"], "Nothing is due to ada, bo."), (None, "anybody in pay group us; what is held")],
)
def test_a_run_that_pays_nobody_says_of_whom_it_is(
    participants: list[str] | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    of_run = {"pay_group": "us", "starts": "2025-01-01", "ends": "2025-01-31", "pay_date": "2025-02-03", "closes": None}
    nothing = {name: [] for name in ("lines", "approvals", "totals", "findings", "touched_by")}
    show_run(of_run | nothing | {"participants": participants}, simulated=True)
    assert words in capsys.readouterr().out
