"""A new word of payment terms with a step of its own is one module and one entry in the registry of steps: no
migration, and nobody else.

Both are written into a copy of the packages. `earnest pay` runs there, and the functions `with_retention_*` below,
which are tests of the copy
only: a run settles, books, shows, sums and hands over a step that nothing outside of those two has heard of.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from services.payout.runs.verify import differences
from shared.pay.steps import STEPS
from tests.services.payout.desk import Book, Desk, earned
from tests.services.payout.gl.test_gl_api import POLICY, lines, post, publish
from tests.services.payout.terms_of_pay import publish as agree

ROOT = Path(__file__).resolve().parents[3]
WORD = '''"""The word `retention`: a bonus for whoever is still there."""

from __future__ import annotations

from typing import Final

from shared.pay.steps import StepName
from shared.pay.terms.words.base import Act, Level, Money, Terms, Walk, Word


class Retention(Level):
    """A bonus in every pay period for whoever has not left by its end."""

    amount: Money
    """How much is paid on top of what was earned."""


def _pay(walk: Walk) -> None:
    retention = walk.terms[RETENTION]
    if retention and retention.holds_in(walk.own.month) and walk.position.settles and not walk.position.leaves:
        walk.change("retention", walk.terms.minor(retention))


def _reason(terms: Terms, step: StepName) -> str:
    retention = terms[RETENTION]
    return f"For staying: {retention.in_words(terms.currency)}" if retention and step == "retention" else ""


RETENTION: Final[Word[Retention | None]] = Word(
    name="retention",
    type=Retention,
    about="A bonus for whoever is still there.",
    place=9,
    absent=None,
    pays_unearned=lambda _: True,
    acts=(Act(5, _pay),),
    reason=_reason,
)
WORD: Final = RETENTION
'''
STEP = """    Step(
        name="retention",
        title="Retention bonus",
        about="For being with us",
        sentence="Paid for staying",
        booking=Booking("retention", debit="guaranteed", credit="payable", family="pay"),
        year="guaranteed",
    ),
"""
BEFORE = """    Step(
        name="carried_forward",
"""
TERMS = """kind: payment_terms
id: retention
valid_from: 2025-01-01
currency: USD
draw: {amount: 400}
retention: {amount: 250, until: 2025-02}
"""
EARNED = "participant_id,period,amount,currency\nada,2025-01,100,USD\nada,2025-02,500,USD\nada,2025-03,500,USD\n"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and these tests as they are, with one module and one entry more."""
    folder = tmp_path_factory.mktemp("copy")
    for package in ("shared", "earnest", "services", "tests"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "cases", "system")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "shared/pay/terms/words/retention.py").write_text(WORD)
    registry = folder / "shared/pay/steps.py"
    assert registry.read_text().count(BEFORE) == 1
    registry.write_text(registry.read_text().replace(BEFORE, STEP + BEFORE))
    (folder / "terms.yaml").write_text(TERMS)
    (folder / "earned.csv").write_text(EARNED)
    return folder


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_paid_from_files_and_explained(copy: Path) -> None:
    run(copy, "earnest.cli", "pay", "--terms", "terms.yaml", "--earned", "earned.csv", "--out", "out")
    payments = list(csv.DictReader((copy / "out/payments.csv").read_text().splitlines()))
    assert [(each["paid"], each["draw_balance"]) for each in payments] == [
        ("400.00", "50.00"),
        ("700.00", "0.00"),
        ("500.00", "0.00"),
    ]
    steps = [each["words"] for each in csv.DictReader((copy / "out/steps.csv").read_text().splitlines())]
    assert steps == [
        "Earned: +100.00; 100.00",
        "Paid for staying: +250.00; 350.00",
        "Advanced up to the draw of 400 USD: +50.00; 400.00",
        "Earned: +500.00; 500.00",
        "Paid for staying: +250.00; 750.00",
        "Taken back of what was advanced: -50.00; 700.00",
        "Earned: +500.00; 500.00",
    ]


def test_it_is_a_field_of_the_policy_like_every_other(copy: Path) -> None:
    assert run(copy, "earnest.cli", "policy", "check", "terms.yaml") == "1 file: nothing to mend\n"


def test_it_is_booked_shown_summed_and_handed_over(copy: Path) -> None:
    functions = ["-o", "python_functions=with_retention_*", "-p", "no:cacheprovider", "-p", "no:xdist"]
    said = run(copy, "pytest", "-q", *functions, "tests/services/payout/test_a_new_step_of_pay.py")
    assert "3 passed" in said


def released(desk: Desk, book: Book) -> str:
    agree(desk, retention={"amount": 250})
    book([earned("ada", "2025-11", 1, ("USD", 100_00))])
    return str(desk.pay("2025-11")["id"])


def with_retention_a_run_books_a_journal_of_a_kind_that_the_database_learned(
    desk: Desk, book: Book, payout_engine: Engine
) -> None:
    released(desk, book)
    with payout_engine.connect() as connection:
        booked = connection.execute(
            text("""
                select account, amount from journal join posting on journal = id
                where kind = 'retention' and cause ->> 'step' = 'retention' order by amount""")
        )
        assert [tuple(row) for row in booked] == [("payable", -250_00), ("guaranteed", 250_00)]
        assert list(differences(connection, Counter())) == []


def with_retention_its_statement_shows_it_and_the_year_sums_it(desk: Desk, book: Book) -> None:
    run = released(desk, book)
    made = desk.get(f"/v1/statements/{run}/ada").json()
    shown = [(step["kind"], step["amount"], step["words"]) for step in made["pay"][0]["steps"]]
    assert shown[1:] == [("retention", "250.00", "For staying: 250.00 USD")]
    assert (made["summary"][0]["other"], made["summary"][0]["paid"]) == ("250.00", "350.00")
    page = desk.get(f"/v1/statements/{run}/ada.html").text
    assert STEPS["retention"].title in page
    assert STEPS["retention"].about in page
    book([earned("ada", "2025-12", 1, ("USD", 100_00))])
    later = desk.get(f"/v1/statements/{desk.pay('2025-12')['id']}/ada").json()
    assert [each["guaranteed"] for found in (made, later) for each in found["year_to_date"]] == ["250.00", "500.00"]


def with_retention_the_books_accrue_it(desk: Desk, book: Book) -> None:
    publish(
        desk, accounts=[*POLICY["accounts"], {"ledger": "guaranteed", "account": "Expenses:Guarantees"}], on_costs=None
    )
    released(desk, book)
    accrued = [line for line in lines(post(desk)) if line[0] == "accrual"]
    assert sum(float(debit or 0) for *_, debit, _ in accrued) == 350
