"""The examples of docs/general-ledger.md: one month of one entity in every format, as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from services.payout.gl.formats import FORMATS
from services.payout.gl.journals import PostingSum, entries, numbered
from services.payout.gl.policy import GlAccounts
from services.payout.policies.kinds import policy_of
from tests.services.payout.gl.gl_books import journal

PAGE = Path(__file__).parents[4] / "docs" / "general-ledger.md"
CODES = {
    "Expenses:Commissions": "6100",
    "Expenses:Commissions:Adjusted": "6110",
    "Expenses:Guarantees": "6120",
    "Expenses:PayrollTax": "6200",
    "Liabilities:AccruedCommissions": "2100",
    "Liabilities:AccruedCommissions:Held": "2110",
    "Liabilities:PayrollTax": "2200",
    "Liabilities:PayrollClearing": "2300",
    "Assets:Draws": "1300",
    "Assets:Clawbacks": "1310",
}


def policy() -> dict[str, Any]:
    """The policy that the page shows."""
    told: dict[str, Any] = yaml.safe_load(PAGE.read_text().split("```yaml acme-books.yaml\n")[1].split("```")[0])
    return told


def month() -> list[PostingSum]:
    """What was booked in the page's month."""
    where = {"entity": "acme-inc", "cost_center": "CC-10"}
    rows = journal("earning", 15_000_00, component="commission", **where)
    rows += journal("earning", -250_00, origin_period="2026-04", component="commission", **where)
    return rows + journal("payment", 12_000_00, **where)


def example(name: str) -> str:
    """The first file of the page's month in a format."""
    told = policy()
    if name == "xero":
        told = yaml.safe_load(yaml.safe_dump(told))
        for rule in told["accounts"]:
            rule["account"] = CODES[rule["account"]]
        for field in ("expense", "liability"):
            told["on_costs"][field] = CODES[told["on_costs"][field]]
    book = policy_of(told)
    assert isinstance(book, GlAccounts)
    made = numbered(1, entries(month(), lambda _: book))
    (content,) = FORMATS[name].files(made, book.settings(name))
    return content.decode().replace("\r\n", "\n")
