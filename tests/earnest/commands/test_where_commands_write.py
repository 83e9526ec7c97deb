"""Where commands write: a folder is no file, a file no folder, and nothing is written over what it is made from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from earnest.cli import app
from tests.command_line import earnest

WRITES = {"--out", "--rejected", "--files-only", "--report"}
PLAN = """\
plan: rep
version: 1
name: Rep
currency: USD
effective_from: 2025-01-01
conventions: {rounding: half_up}
credits: [{rule: own}]
measures: [{measure: bookings, sum_of: [own]}]
components: [{component: commission, kind: flat, measure: bookings, rate: 10%}]
"""


def commands(group: Any, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *names, name)
        else:
            yield (*names, name), command


def test_every_option_that_names_what_to_write_is_checked_before_anything_is_done() -> None:
    found = [
        (names, option)
        for names, command in commands(typer.main.get_command(app))
        for option in command.params
        if WRITES & set(option.opts)
    ]
    assert len(found) >= 18
    assert [names for names, option in found if option.callback is None] == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rep.yaml").write_text(PLAN)
    (tmp_path / "roster.csv").write_text("participant_id,plan\nann,rep\n")
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,close_date\nD1,ann,1000,2025-03-01\nD2,ann,12x,2025-03-01\n"
    )
    (tmp_path / "there").mkdir()
    return tmp_path


FILES = ("--plan", "rep.yaml", "--deals", "deals.csv", "--roster", "roster.csv")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("calc", *FILES, "--out", "f.csv"), 2, "f.csv is the name of a file; say f"),
        (("calc", *FILES, "--out", "deals.csv"), 2, "deals.csv is a file, and a folder is needed here"),
        (("payroll", "fetch", "run-1", "--out", "f.csv"), 2, "f.csv is the name of a file"),
        (("export", "deals", "--out", "there"), 2, "there is a folder; name a file in it"),
        (("export", "lines", "--out", "nowhere/l.csv"), 2, "there is no folder nowhere in which l.csv could be written"),
        (("plan", "show", "rep.yaml", "--out", "rep.yaml"), 1, "rep.yaml is read, and would be written over"),
        (("deals", "load", "deals.csv", "--rejected", "./deals.csv"), 1, "deals.csv is read, and would be written over"),
        (("calc", *FILES, "there"), 1, "there: a folder of the company's files goes with the --mapping"),
        (("plan", "show", "rep@1"), 1, "plan get rep@1 --out FILE` writes it"),
        (("calc", *FILES, "--known-from", "2025-03-01"), 2, "--known-from goes with --before"),
        (("estimate", "--participant", "ann", "--close", "D1", "--by", "2025-03-01"), 2, "--by goes with --target"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_or_means_nothing_is_refused_in_words(
    words: tuple[str, ...], code: int, says: str, folder: Path
) -> None:
    before = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    done = earnest("--home", folder / "home", *words, folder=folder)
    told = " ".join(done.stderr.replace("│", " ").split())
    assert (done.returncode, says in told) == (code, True), done.stderr
    assert {path.name: path.read_text() for path in folder.iterdir() if path.is_file()} == before


def test_a_calculation_is_not_written_over_the_one_before_it(folder: Path) -> None:
    assert earnest("calc", *FILES, "--out", "out", folder=folder).returncode == 0
    lines = (folder / "out" / "lines.csv").read_bytes()
    for words in (
        ("calc", *FILES, "--before", "out", "--out", "out"),
        ("pay", "--terms", "terms.yaml", "--earned", "out", "--out", "./out/"),
    ):
        done = earnest(*words, folder=folder)
        assert (done.returncode, "is read, and would be written over: name another place" in done.stderr) == (1, True)
    assert (folder / "out" / "lines.csv").read_bytes() == lines


def test_rows_that_cannot_be_used_are_named_by_every_command_that_calculates(folder: Path) -> None:
    for words in (("explain", "--participant", "ann"), ("estimate", "--participant", "ann", "--close", "D1")):
        done = earnest(*words, *FILES, folder=folder)
        assert "Not used: deals, row 3, D2: amount: '12x' is not a decimal number" in done.stderr, done.stderr
        assert "Not used" not in done.stdout
