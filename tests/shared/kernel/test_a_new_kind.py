"""Adding a kind of component takes one module and nothing else. What is added here is the module that the page shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "new-component-kind.md").read_text()
ROSTER = "participant_id,plan\nann,rep\n"
DEALS = "deal_id,owner,amount,close_date\nD1,ann,50000,2025-03-01\nD2,ann,90000,2025-03-02\n"


def block(language: str) -> str:
    found = re.search(rf"```{language}[^\n]*\n(.*?)```", PAGE, flags=re.S)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages as they are, with one module more."""
    folder = tmp_path_factory.mktemp("copy")
    for package in ("shared", "earnest"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "shared" / "kernel" / "components" / "band.py").write_text(block("python"))
    (folder / "plan.yaml").write_text(block("yaml"))
    (folder / "turned.yaml").write_text(block("yaml").replace("below: 100000", "below: 1000"))
    (folder / "deals.csv").write_text(DEALS)
    (folder / "roster.csv").write_text(ROSTER)
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "earnest.cli", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_it_is_paid_and_explained(copy: Path) -> None:
    done = run(copy, "calc", "--plan", "plan.yaml", "--deals", "deals.csv", "--roster", "roster.csv", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert (copy / "out" / "earnings.csv").read_text().splitlines()[1:] == ["ann,middle,2025-03,4000.00,USD"]
    lines = (copy / "out" / "lines.csv").read_text().splitlines()[1:]
    assert ["1500.00" in lines[0], "2500.00" in lines[1], len(lines)] == [True, True, 2], lines


def test_it_is_said_in_the_plan_document(copy: Path) -> None:
    done = run(copy, "plan", "show", "plan.yaml")
    said = "Pays 5% of what bookings bring from 20,000 to 100,000, and nothing of the rest."
    assert said in done.stdout, done.stderr


def test_it_is_checked_and_its_assertions_run(copy: Path) -> None:
    assert run(copy, "plan", "check", "plan.yaml").stdout == "1 file: nothing to mend\n"
    assert run(copy, "plan", "assert", "plan.yaml").stdout.endswith("3 passed\n")
    found = json.loads(run(copy, "plan", "check", "--format", "json", "turned.yaml").stdout)
    assert [(each["code"], each["line"], each["column"]) for each in found] == [("X101", 10, 77)]


def test_it_is_in_the_schema(copy: Path) -> None:
    schema = json.loads(run(copy, "plan", "schema").stdout)
    field = schema["$defs"]["Band"]["properties"]["above"]
    assert field["description"] == "The part of the measure that is paid begins here."


BOUNTY = '''
"""A bounty for each deal, paid by itself whatever its measure counts; and a prize for whoever has most."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar, Literal

import polars as pl

from shared.formatting import amount
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.components.base import EvaluationContext, Kind, Part
from shared.kernel.components.groups import grouped
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.formulas import Reference
from shared.kernel.language.measures import Measure
from shared.kernel.language.values import Amount, Name


class Bounty(Kind):
    """`kind: bounty` pays `each` for every deal."""

    kind: Literal["bounty"]
    measure: Name
    each: Amount

    def pays_of(self) -> list[Reference]:
        return [Reference("measure", self.measure)]

    def pays_by_deal(self, conventions: Conventions, measure: Measure) -> bool:
        return True

    def deal_parts(self, credited: ExactColumn, context: EvaluationContext) -> Sequence[Part]:
        return [Part("each deal", ExactColumn.constant(1, context.height), Fraction(self.each))]

    def deal_in_words(self, credited: Fraction, conventions: Conventions) -> str:
        return f"a bounty of {amount(self.each)}"

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        return [Part("each deal by itself", context.per_deal(context, self.component), Fraction(1))]


class Most(Kind):
    """`kind: most` pays `prize` to whoever has most."""

    kind: Literal["most"]
    measure: Name
    prize: Amount
    walks: ClassVar[bool] = False
    needs_group: ClassVar[bool] = True
    result: ClassVar[str] = "The prize"

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        values, prizes = context.value(self.measure).to_fractions(), [Fraction(0)] * context.height
        for members in grouped(context):
            prizes[max(members, key=lambda row: values[row])] = Fraction(self.prize)
        return [Part("prize", ExactColumn.fractions(prizes), Fraction(1))]

    def standing_in_words(self, everyone: pl.DataFrame, own: Mapping[str, Any], *, currency: str) -> str:
        return f" for most among {everyone.height}"
'''
BOUNTY_PLAN = """
plan: rep
version: 1
name: Paid by new kinds
currency: USD
effective_from: 2025-01-01
conventions: {rounding: half_up}
credits: [{rule: own}]
measures: [{measure: deals, count_of: [own]}]
components:
  - {component: hunted, kind: bounty, measure: deals, each: 250}
  - {component: best, kind: most, measure: deals, prize: 1000}
"""


@pytest.fixture(scope="module")
def two_more(copy: Path) -> Path:
    """Kinds that pay by the deal and that compare people are single modules as well: nothing else knows a kind by name."""
    (copy / "shared" / "kernel" / "components" / "bounty.py").write_text(BOUNTY)
    (copy / "two.yaml").write_text(BOUNTY_PLAN)
    (copy / "two_roster.csv").write_text(ROSTER + "ben,rep\n")
    (copy / "two_deals.csv").write_text(DEALS + "D3,ben,100,2025-03-03\n")
    return copy


def test_kinds_that_pay_by_the_deal_or_compare_people_are_one_module_too(two_more: Path) -> None:
    of = ("--plan", "two.yaml", "--deals", "two_deals.csv", "--roster", "two_roster.csv")
    done = run(two_more, "calc", *of, "--out", "two")
    assert done.returncode == 0, done.stderr
    assert (two_more / "two" / "earnings.csv").read_text().splitlines()[1:] == [
        "ann,best,2025-03,1000.00,USD",
        "ann,hunted,2025-03,500.00,USD",
        "ben,best,2025-03,0.00,USD",
        "ben,hunted,2025-03,250.00,USD",
    ]
    explained = run(two_more, "explain", *of, "--participant", "ann")
    said = " ".join(explained.stdout.split())
    assert "By itself it pays a bounty of 250, which comes to 250.00." in said, explained.stderr
    assert "The prize for most among 2: 1,000.00 USD." in said
