"""`earnest reconcile` over two files: what was released, and what payroll says it paid."""

from __future__ import annotations

from pathlib import Path

from tests.command_line import earnest

RELEASED = """batch_id,participant_id,period,pay_code,currency,amount
run-1,000417,2026-06,commission,EUR,1200.50
run-1,000417,2026-06,draw,EUR,100.00
run-1,bo,2026-06,commission,EUR,300.00
run-1,cy,2026-06,commission,EUR,80.00
"""


def test_a_released_file_is_compared_with_what_payroll_paid_without_an_installation(tmp_path: Path) -> None:
    (tmp_path / "run-1.csv").write_text(RELEASED)
    (tmp_path / "paid.csv").write_text("Nr;Betrag\n417;1.300,50\nbo;250,00\ndee;10,00\n")
    files = ("--released", "run-1.csv", "--paid", "paid.csv")
    german = ("--person", "Nr", "--amount", "Betrag", "--currency", "EUR", "--delimiter", ";", "--decimal", ",")
    found = earnest("reconcile", *files, *german, folder=tmp_path, environment={"COLUMNS": "200"})
    assert found.returncode == 1, found.stderr
    assert "run-1.csv: 2 lines agree; 1680.50 released and 1560.50 paid in EUR." in found.stdout
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")] for line in found.stdout.splitlines() if "│ EUR" in line
    ]
    assert rows == [
        ["underpaid", "bo", "", "300.00", "250.00", "-50.00", "EUR"],
        ["missing", "cy", "", "80.00", "0.00", "-80.00", "EUR"],
        ["unexpected", "dee", "", "0.00", "10.00", "10.00", "EUR"],
    ]


def test_files_that_agree_end_well_and_what_is_not_said_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "run-1.csv").write_text(RELEASED)
    same = ("reconcile", "--released", "run-1.csv", "--paid", "run-1.csv", "--person", "participant_id")
    found = earnest(*same, "--code", "pay_code", folder=tmp_path)
    assert (found.returncode, "4 lines agree" in found.stdout) == (0, True), found.stdout + found.stderr
    neither = earnest("reconcile", "--paid", "run-1.csv", folder=tmp_path)
    assert (neither.returncode, "say either --batch" in neither.stderr) == (1, True)
    other = earnest(*same, "--released-person", "File #", folder=tmp_path)
    assert "run-1.csv has no column 'File #'" in other.stderr


def test_a_file_under_other_headings_says_by_which_options_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "run-1.csv").write_text(RELEASED)
    (tmp_path / "paid.csv").write_text("Nr;Betrag\n417;1.300,50\n")
    files = ("reconcile", "--released", "run-1.csv", "--paid", "paid.csv")
    assert "Then say --delimiter ';'" in earnest(*files, folder=tmp_path).stderr
    person = earnest(*files, "--delimiter", ";", folder=tmp_path).stderr
    assert "paid.csv has no column 'person'; it has Nr, Betrag: say which it is with --person" in person
    named = (*files, "--delimiter", ";", "--person", "Nr", "--amount", "Betrag")
    for currency in ((), ("--currency", "eur")):
        assert "or the currency of all as --currency EUR" in earnest(*named, *currency, folder=tmp_path).stderr
    other = earnest(*named, "--currency", "EUR", "--released-person", "who", "--decimal", ",", folder=tmp_path).stderr
    assert "run-1.csv has no column 'who'" in other
    assert "say which it is with --released-person" in other


def test_a_row_with_more_cells_than_the_header_is_refused_and_blank_ones_beyond_are_not(tmp_path: Path) -> None:
    (tmp_path / "run-1.csv").write_text("participant_id,currency,amount\nada,EUR,2000.00\n")
    (tmp_path / "paid.csv").write_text("person,currency,amount\nada,EUR,2,000.00\n")
    files = ("reconcile", "--released", "run-1.csv", "--paid", "paid.csv")
    found = earnest(*files, folder=tmp_path)
    assert (found.returncode, found.stdout) == (1, "")
    assert "paid.csv: row 2: the row has 4 cells, the header 3" in found.stderr
    (tmp_path / "paid.csv").write_text('person,currency,amount,,\nada,EUR,"2,000.00",,\n')
    assert "1 line agrees" in earnest(*files, folder=tmp_path).stdout
    (tmp_path / "paid.csv").write_text("person,currency,amount,,\nada,EUR,2,000.00,\n")
    assert "row 2: the row has 5 cells, the header 3" in earnest(*files, folder=tmp_path).stderr
