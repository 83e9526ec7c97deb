"""Journals and spreadsheets as ledger, hledger, beancount and LibreOffice read them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from beancount import loader
from beancount.core import data

from services.payout.gl.entry import JournalEntry, balances
from tests.peers import Run, Sheets
from tests.services.payout.gl.gl_books import policy
from tests.services.payout.gl.gl_files import DIMENSIONS, batch, nonzero, one, sums, written


def test_ledger_accepts_every_journal_and_shows_our_balances(peer: Run, tmp_path: Path, seed: int) -> None:
    made = batch(seed)
    (content,) = written("ledger", made)
    path = tmp_path / "month.ledger"
    path.write_bytes(content)
    said = peer(
        "ledger", "-f", path, "--pedantic", "csv", "--csv-format", "%(account)\t%(commodity)\t%(quantity(amount))\n"
    )
    rows = [line.split("\t") for line in said.stdout.splitlines()]
    assert sums([(account, currency.strip('"'), Decimal(amount)) for account, currency, amount in rows]) == nonzero(
        balances(made)
    )
    assert "Error" not in said.stderr
    totals = peer(
        "ledger",
        "-f",
        path,
        "balance",
        "--flat",
        "--no-total",
        "--limit",
        "commodity=='USD'",
        "--balance-format",
        "%(account)\t%(quantity(amount))\n",
    )
    shown = [line.split("\t") for line in totals.stdout.splitlines()]
    assert sums([(account, "USD", Decimal(amount)) for account, amount in shown]) == {
        key: amount for key, amount in nonzero(balances(made)).items() if key[1] == "USD"
    }


def test_hledger_checks_every_journal_strictly_and_shows_our_balances(peer: Run, tmp_path: Path, seed: int) -> None:
    made = batch(seed, book=policy(dimensions=DIMENSIONS[:1]))
    (content,) = written("hledger", made)
    path = tmp_path / "month.journal"
    path.write_bytes(content)
    peer("hledger", "-f", path, "check", "--strict")
    said = peer("hledger", "-f", path, "balance", "--flat", "--no-total", "--layout=bare", "-O", "csv")
    rows = list(csv.DictReader(io.StringIO(said.stdout)))
    assert sums([(row["account"], row["commodity"], Decimal(row["balance"])) for row in rows]) == nonzero(
        balances(made)
    )
    codes = peer("hledger", "-f", path, "print", "-O", "csv").stdout
    assert {row["code"] for row in csv.DictReader(io.StringIO(codes))} == {entry.id for entry in made}


def test_bean_check_accepts_every_book_and_beancount_shows_our_balances(peer: Run, tmp_path: Path, seed: int) -> None:
    made = batch(seed)
    (content,) = written("beancount", made)
    path = tmp_path / "month.beancount"
    path.write_bytes(content)
    assert peer("bean-check", path).stdout == ""
    read_back, errors, _ = loader.load_file(str(path))
    assert errors == []
    found = [
        (posting.account, posting.units.currency, posting.units.number)
        for transaction in data.filter_txns(read_back)
        for posting in transaction.postings
    ]
    assert sums(found) == nonzero(balances(made))
    assert {link for transaction in data.filter_txns(read_back) for link in transaction.links} == {
        entry.id for entry in made
    }
    texts = {
        posting.meta.get("location") for transaction in data.filter_txns(read_back) for posting in transaction.postings
    }
    assert 'Köln "Mitte", 2' in texts, "a dimension arrives as it is"


def test_libreoffice_opens_every_spreadsheet_and_shows_the_same_totals(
    opened_by_libreoffice: Callable[..., dict[Path, Sheets]], tmp_path: Path, seed: int
) -> None:
    made = [batch(each, entities=1, currencies=("USD",)) for each in (seed, seed + 1)] + [batch(seed + 2)]
    paths: dict[Path, list[JournalEntry]] = {}
    for number, each in enumerate(made):
        for name in ("csv", "xlsx"):
            path = tmp_path / f"{number}.{name}"
            path.write_bytes(written(name, each)[0])
            paths[path] = each
    for path, sheets in opened_by_libreoffice(list(paths)).items():
        head, *rows = sheets["Lines"] if path.suffix == ".xlsx" else next(iter(sheets.values()))
        table = [dict(zip(head, row, strict=True)) for row in rows]
        found = [(row["account"], row["currency"], Decimal(row["amount"])) for row in table]
        assert sums(found) == nonzero(balances(paths[path]))
        assert sum(Decimal(row["debit"]) - Decimal(row["credit"]) for row in table) == 0
        if path.suffix == ".xlsx":
            totals = [(account, currency, Decimal(amount)) for account, currency, amount in sheets["Totals"][1:]]
            assert sums(totals) == nonzero(balances(paths[path]))


def test_libreoffice_computes_nothing_from_text_in_our_spreadsheets(
    opened_by_libreoffice: Callable[..., dict[Path, Sheets]], tmp_path: Path
) -> None:
    for name in ("csv", "xlsx"):
        (tmp_path / f"formula.{name}").write_bytes(written(name, [one(value="=1+1")])[0])
    found = opened_by_libreoffice([tmp_path / "formula.csv", tmp_path / "formula.xlsx"])
    classes = {path.suffix: next(iter(sheets.values()))[1][-1] for path, sheets in found.items()}
    assert classes == {".csv": "'=1+1", ".xlsx": "=1+1"}, "in the spreadsheet it is text, and stays it"
