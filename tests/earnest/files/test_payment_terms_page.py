"""What docs/payment-terms.md shows of a case is what comes out of it. `python -m
tests.earnest.files.test_payment_terms_page` writes it anew.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from earnest.files.pay import PayFiles, pay_from_files
from earnest.files.pay_events import EVENTS
from earnest.files.pay_results import settlements
from earnest.policies import check_file
from shared.money import from_minor
from tests.conformance.test_payment_examples import sources

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "payment-terms.md"
SHOWN = re.compile(r"<!-- ((?:own|we)-[a-z0-9-]+) -->\n.*?<!-- end -->", re.DOTALL)


def test_the_page_shows_what_comes_out() -> None:
    text = PAGE.read_text()
    assert text == written(text), "python -m tests.earnest.files.test_payment_terms_page writes it anew"


def test_the_page_names_every_event() -> None:
    text = PAGE.read_text()
    assert [name for name in EVENTS if f"`{name}`" not in text] == []


def test_the_whole_file_that_the_page_shows_is_one(tmp_path: Path) -> None:
    found = re.search(r"^```yaml\n(kind: payment_terms\n.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    (tmp_path / "terms.yaml").write_text(found[1])
    assert check_file(tmp_path / "terms.yaml")[1] == []
    (tmp_path / "earned.csv").write_text("participant_id,period,amount,currency,plan\nada,2026-01,1000,USD,rep\n")
    result = pay_from_files(PayFiles(terms=[tmp_path / "terms.yaml"], earned=tmp_path / "earned.csv"))
    assert [each.paid for _, each in settlements(result)] == [3000_00]


def written(text: str) -> str:
    """The page with every case computed anew."""
    folder = ROOT / "tests" / "conformance" / "payment"
    return SHOWN.sub(lambda found: f"<!-- {found[1]} -->\n{_case(folder / found[1])}<!-- end -->", text)


def _case(case: Path) -> str:
    what, _, *rules = (case / "terms.yaml").read_text().splitlines()
    said = "\n".join(line for line in rules if not line.startswith(("kind:", "id:", "valid_from:", "currency:")))
    every = list(settlements(pay_from_files(sources(case))))
    sums = {
        "earned": [sum(line.amount for line in each.lines if line.step in COMES) for _, each in every],
        "paid": [each.paid for _, each in every],
        "carried": [each.carried for _, each in every],
        "draw balance": [each.draw for _, each in every],
        "owed": [each.receivable for _, each in every],
        "held": [sum(line.held for line in each.held.values()) for _, each in every],
    }
    kept = {name: amounts for name, amounts in sums.items() if name in ("earned", "paid") or any(amounts)}
    rows = [
        f"| {walked.run.pay_period} | "
        + " | ".join(_money(amounts[number], each.currency) for amounts in kept.values())
        + " |"
        for number, (walked, each) in enumerate(every)
    ]
    head = f"| | {' | '.join(kept)} |\n|---|{'---:|' * len(kept)}"
    return "\n".join([what.removeprefix("# "), "", "```yaml", said, "```", "", head, *rows, ""])


def _money(amount: int, currency: str) -> str:
    exact: Decimal = from_minor(amount, currency)
    return f"{exact:,f}"


COMES = ("earnings", "prior_period", "adjustment")


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
