"""The peers that judge our files start and tell good from bad."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import xlsxwriter

from tests.peers import Run, Sheets

JOURNAL = "2026-01-31 * Commission\n  Expenses:Commissions    30.00 USD\n  Liabilities:Accrued    -30.00 USD\n"


def test_hledger_and_ledger_accept_a_balanced_journal_and_refuse_another(peer: Run, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.journal", tmp_path / "bad.journal"
    good.write_text(JOURNAL)
    bad.write_text(JOURNAL.replace("-30", "-31"))
    peer("hledger", "-f", good, "check")
    peer("hledger", "-f", bad, "check", refuses=True)
    peer("ledger", "-f", good, "balance")
    peer("ledger", "-f", bad, "balance", refuses=True)


def test_libreoffice_shows_every_sheet_of_every_file_as_it_holds_it(
    opened_by_libreoffice: Callable[..., dict[Path, Sheets]], tmp_path: Path
) -> None:
    book, text, german = tmp_path / "same.xlsx", tmp_path / "same.csv", tmp_path / "german.csv"
    with xlsxwriter.Workbook(book) as made:
        money = made.add_format({"num_format": "#,##0.00"})
        first = made.add_worksheet("Lines")
        first.write_row(0, 0, ["id", "amount"])
        first.write_number(1, 1, 1234.5, money)
        first.write_string(1, 0, "007")
        made.add_worksheet("Totals").write_formula(0, 0, "=SUM(Lines.B2:B2)*2")
    text.write_text('id,amount\n"=1+1",-12.50\n', encoding="utf-8")
    german.write_text("Name;Betrag\nMüller;1\n", encoding="utf-8")
    found = opened_by_libreoffice([book, text])
    assert found[book]["Lines"] == [["id", "amount"], ["007", "1234.5"]]
    assert list(found[book]) == ["Lines", "Totals"]
    assert list(found[text].values()) == [[["id", "amount"], ["2", "-12.5"]]], "it computes what looks like a formula"
    assert list(opened_by_libreoffice([german], separator=";")[german].values()) == [
        [["Name", "Betrag"], ["Müller", "1"]]
    ]
