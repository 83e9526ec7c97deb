"""Whatever text accounts, entities and dimensions are, a plain-text file is refused or read by its program as we meant
it.
"""

from __future__ import annotations

import csv
import io
import random
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import data

from services.payout.gl.entry import EntryLine, JournalEntry, balances
from services.payout.gl.formats.base import FileRefused
from services.payout.gl.journals import entries, numbered
from tests.peers import Run
from tests.services.payout.gl.gl_books import journal, policy
from tests.services.payout.gl.gl_files import nonzero, sums, written

PIECES = [
    *" ;:,'\"\\()[]{}<>=@*!|#%&$~^`+-/._0aZäß日🙂\t\n\r\x00\x1f\u2028\u00a0",
    "  ",
    "//",
    "{{",
    "2026-01-01",
    "USD",
    "Expenses",
    "include ",
    "\n\n",
]


def text(dice: random.Random) -> str:
    return "".join(dice.choice(PIECES) for _ in range(dice.randrange(1, 6)))


def hostile(name: str, seed: int) -> list[JournalEntry]:
    """Entries with random texts that the format does not refuse."""
    dice = random.Random(seed)
    (plain,) = numbered(1, entries(journal("earning", 1), lambda _: policy()))
    found = []
    for number in range(1500):
        account = dice.choice(["Expenses:Pay", f"Expenses:{text(dice)}", f"Expenses:Pay{text(dice)}x", text(dice)])
        value, amount = text(dice), dice.randrange(1, 10**6)
        lines = (
            EntryLine(account, amount, "earned", (("Class", value),)),
            EntryLine("Liabilities:Accrued", -amount, "payable"),
        )
        entry = replace(plain, id=f"2606-1-{number}", entity=dice.choice(["", "E1", text(dice)]), lines=lines)
        try:
            written(name, [entry])
        except FileRefused:
            continue
        found.append(entry)
    assert len(found) > 50
    return found


def test_beancount_reads_hostile_text_as_it_is(peer: Run, tmp_path: Path, seed: int) -> None:
    made = hostile("beancount", seed)
    path = tmp_path / "hostile.beancount"
    path.write_bytes(written("beancount", made)[0])
    peer("bean-check", path)
    read, _, _ = loader.load_file(str(path))
    postings = [posting for each in data.filter_txns(read) for posting in each.postings]
    assert sums([(each.account, "USD", each.units.number) for each in postings]) == nonzero(balances(made))
    values = [re.sub(r"[\x00-\x1f]", " ", entry.lines[0].dimension("Class")) for entry in made]
    assert sorted(each.meta["class"] for each in postings if "class" in each.meta) == sorted(values)


@pytest.mark.parametrize("name", ["ledger", "hledger"])
def test_ledger_and_hledger_read_hostile_text_as_it_is(peer: Run, tmp_path: Path, seed: int, name: str) -> None:
    made = hostile(name, seed)
    path = tmp_path / f"hostile.{name}"
    path.write_bytes(written(name, made)[0])
    if name == "ledger":
        said = peer(
            "ledger", "-f", path, "--pedantic", "csv", "--csv-format", "%(account)\t%(quantity(amount))\n"
        ).stdout
        rows = [line.split("\t") for line in said.split("\n") if line]
    else:
        peer("hledger", "-f", path, "check", "--strict")
        said = peer("hledger", "-f", path, "balance", "--flat", "--no-total", "--layout=bare", "-O", "csv").stdout
        rows = [[row["account"], row["balance"]] for row in csv.DictReader(io.StringIO(said, newline=""))]
    assert sums([(account, "USD", Decimal(amount)) for account, amount in rows]) == nonzero(balances(made))
