"""How much must I sell? The answer is held against the calculation itself, one cent more and one cent less."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from earnest.files.kernel_inputs import KernelInputs, read_inputs
from earnest.files.rejections import FileError
from earnest.plans.files import read_plans
from earnest.simulation.estimate import estimate
from earnest.simulation.target import Answer, Question, _Search, answer
from earnest.simulation.target_words import sentences
from tests.command_line import earnest

HEAD = """\
plan: rep
version: 1
name: A plan
currency: USD
effective_from: 2025-01-01
conventions: {boundary: lower, rounding: half_up, zero_quota: nothing}
columns: {seats: number}
credits: [{rule: own}, {rule: pro, when: "stage = 'won' and product = 'Pro'"}]
measures:
  - {measure: sales, sum_of: [own]}
  - {measure: pro, sum_of: [pro]}
  - {measure: deals, count_of: [own]}
  - {measure: sales_of_year, sum_of: [own], reset: year}
components:
"""
TIERS = "  - {component: pay, kind: graduated, measure: sales, on: attainment, tiers: [{up_to: 100%, rate: 5%}, {rate: 8.125%}]}\n"
CAPPED = "  - {component: pay, kind: flat, measure: sales, rate: 7%, maximum: 900}\n"
CLIFF = (
    "  - {component: pay, kind: whole, measure: sales, on: amount, tiers: [{up_to: 20000, rate: 10%}, {rate: 4%}]}\n"
)
GATED = "  - {component: pay, kind: flat, measure: sales, rate: 3%, when: deals >= 4}\n"
PRO = "  - {component: pay, kind: flat, measure: pro, rate: 9.7%}\n"
YEAR = "  - {component: pay, kind: whole, measure: sales_of_year, on: amount, tiers: [{up_to: 15000, rate: 1%}, {rate: 3.3%}]}\n"
BONUS = "  - {component: extra, kind: bonus, amount: 500, when: sales >= 12345.67}\n"
CONTEST = "  - {component: pay, kind: contest, measure: sales, prizes: [1000, 400]}\n"
ROSTER = "participant_id,quota.sales\nann,10000\nbob,8000\n"
DEALS = """\
deal_id,owner,amount,close_date,product,stage
D1,ann,3000,2025-01-10,Pro,won
D2,ann,4000.50,2025-02-10,,won
D3,bob,9000,2025-02-11,,won
D4,ann,2500,2025-02-20,,open
"""


@pytest.fixture
def given(tmp_path: Path) -> Callable[[str], KernelInputs]:
    def write(components: str) -> KernelInputs:
        (tmp_path / "plan.yaml").write_text(HEAD + components)
        (tmp_path / "deals.csv").write_text(DEALS)
        (tmp_path / "roster.csv").write_text(ROSTER)
        plans = read_plans([tmp_path / "plan.yaml"])
        return read_inputs(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans)

    return write


def ask(inputs: KernelInputs, target: str, **more: Any) -> Answer:
    return answer(inputs, question(target, **more), zone=ZoneInfo("UTC"))


def question(target: str, **more: Any) -> Question:
    said = {"participant": "ann", "by": date(2025, 2, 28), "over": "month", "columns": {}} | more
    return Question(target=Decimal(target), **said)


def pay_with(tmp_path: Path, amount: int, *, product: str = "", deals: int = 1, over: str = "month") -> Decimal:
    """What the calculation pays ann in February, or in the year, with further deals of so many cents each."""
    rows = "".join(f"N{n},ann,{Decimal(amount) / 100},2025-02-28,{product},won\n" for n in range(deals))
    (tmp_path / "more.csv").write_text(DEALS + rows)
    out = tmp_path / "out"
    done = earnest(
        "calc", "--plan", "plan.yaml", "--deals", "more.csv", "--roster", "roster.csv", "--out", out, folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    rows_ = [line.split(",") for line in (out / "earnings.csv").read_text().splitlines()[1:]]
    months = ("2025-02",) if over == "month" else ("2025-01", "2025-02")
    return sum((Decimal(row[3]) for row in rows_ if row[0] == "ann" and row[2] in months), Decimal(0))


@pytest.mark.parametrize(
    ("components", "target", "more"),
    [
        (TIERS, "700", {}),
        (TIERS, "333.33", {}),
        (PRO, "1234.56", {"columns": {"product": "Pro"}}),
        (YEAR, "2000", {"over": "year"}),
        (BONUS, "500", {}),
        (TIERS + BONUS, "1000.01", {}),
        (CONTEST, "1000", {}),
        (CLIFF, "1500", {}),
    ],
    ids=["tiers", "a third", "a product", "the year", "a bonus", "a sum", "a contest", "before a cliff"],
)
def test_the_least_amount_reaches_the_target_and_a_cent_less_does_not(
    given: Callable[[str], KernelInputs], tmp_path: Path, components: str, target: str, more: dict[str, Any]
) -> None:
    found = ask(given(components), target, **more)
    assert found.amount is not None
    how = {"product": more.get("columns", {}).get("product", ""), "over": more.get("over", "month")}
    assert pay_with(tmp_path, found.amount, **how) == Decimal(found.pays) / 100 >= Decimal(target)
    assert pay_with(tmp_path, found.amount - 1, **how) < Decimal(target)


def test_random_plans_are_answered_as_trying_every_amount_would(given: Callable[[str], KernelInputs]) -> None:
    seed = 20250228
    chance = random.Random(seed)
    for _ in range(6):
        ends = sorted(chance.sample(range(1, 60), 2))
        rates = [chance.randint(1, 30) for _ in range(3)]
        tiers = f"[{{up_to: {7000 + ends[0]}, rate: {rates[0]}%}}, {{up_to: {7000 + ends[1]}, rate: {rates[1]}%}}, {{rate: {rates[2]}%}}]"
        inputs = given(f"  - {{component: pay, kind: whole, measure: pro, by: sales, on: amount, tiers: {tiers}}}\n")
        target = Decimal(chance.randint(10, 900)) / 100
        asked = question(str(target), columns={"product": "Pro"})
        search = answer(inputs, asked, zone=ZoneInfo("UTC"))
        pays = _Search(inputs, asked, zone=ZoneInfo("UTC"))._pay(range(1, 9001))
        first = next((cents for cents, pay in enumerate(pays, start=1) if pay >= target * 100), None)
        assert search.amount == first or (first is None and (search.amount or 9001) > 9000), (seed, tiers, target)


def with_margin(*, credits: str = "[{rule: own}]", components: str) -> str:
    head = HEAD.replace("{seats: number}", "{margin: decimal}").split("credits:")[0].replace("nothing", "refuse")
    return f"{head}credits: {credits}\nmeasures: [{{measure: sales, sum_of: [own]}}]\ncomponents:\n{components}\n"


def tried_all(folder: Path, plan: str, asked: Question, *, upto: int) -> tuple[int | None, int | None]:
    """What is found for a plan with a margin, and the first of all amounts that reaches the target."""
    (folder / "plan.yaml").write_text(plan)
    (folder / "deals.csv").write_text("deal_id,owner,amount,close_date,margin\nD1,ann,1,2025-01-10,0\n")
    (folder / "roster.csv").write_text("participant_id\nann\n")
    inputs = read_inputs(folder / "deals.csv", folder / "roster.csv", plans=read_plans([folder / "plan.yaml"]))
    pays = _Search(inputs, asked, zone=ZoneInfo("UTC"))._pay(range(1, upto))
    first = next((cents for cents, pay in enumerate(pays, start=1) if pay >= asked.target * 100), None)
    return answer(inputs, asked, zone=ZoneInfo("UTC")).amount, first


BY_MARGIN = (
    "  - {{component: pay, kind: table, each: deal, measure: sales, axes: [{{deal: margin / credited, up_to: [{0}%, {1}%]}}],"
    " values: [{2}%, {3}%, {4}%]}}"
)
FLAT = "  - {{component: pay, kind: flat, measure: sales, rate: {4}%}}"


@pytest.mark.parametrize(
    ("credits", "components"),
    [
        ("[{{rule: own}}]", BY_MARGIN),
        ("[{{rule: own, amount: 'case when margin / amount >= {1}% then amount else amount * {0}% end'}}]", FLAT),
        ("[{{rule: own, when: \"stage = 'won' and margin >= 0.{1} * amount\"}}]", FLAT),
        ("[{{rule: own, amount: 'case when amount - margin < {1} then amount else amount * {0}% end'}}]", FLAT),
        ("[{{rule: own, amount: 'case when amount * margin < {1}{1} then amount else margin end'}}]", FLAT),
    ],
    ids=["a table by margin", "an amount by margin", "a condition on the margin", "a difference", "a product"],
)
def test_pay_that_falls_where_the_margin_does_is_answered_as_trying_every_amount_would(
    tmp_path: Path, credits: str, components: str
) -> None:
    chance, found = random.Random(30833), []
    for _ in range(4):
        low, high = sorted(chance.sample(range(11, 60), 2))
        rates = sorted(chance.randint(2, 50) for _ in range(3))
        plan = with_margin(credits=credits.format(low, high), components=components.format(low, high, *rates))
        margin, target = chance.randint(2, 15), Decimal(chance.randint(50, 900)) / 100
        asked = question(str(target), columns={"margin": str(margin)})
        amount, first = tried_all(tmp_path, plan, asked, upto=12000)
        assert amount == first or (first is None and (amount or 12001) > 11999), (plan, asked)
        found.append(first)
    assert any(found)


def test_a_cap_is_said_with_the_most_that_there_is(given: Callable[[str], KernelInputs], tmp_path: Path) -> None:
    found = ask(given(CAPPED), "1000")
    assert (found.amount, found.pays, found.several) == (None, 90000, None)
    assert found.most_from is not None
    assert pay_with(tmp_path, found.most_from) == 900
    assert pay_with(tmp_path, found.most_from - 1) < 900
    said = list(sentences(found, question("1000")))
    assert said[0] == "1,000.00 USD in 2025-02 cannot be reached by one further deal closed on 2025-02-28."
    assert said[1].startswith("The most is 900.00 USD, from ")


def test_figures_of_ones_own_and_scores_count_as_they_do_where_pay_is_calculated(
    given: Callable[[str], KernelInputs], tmp_path: Path
) -> None:
    given(CAPPED)  # the deals; plan and roster are others
    scored = HEAD.replace("components:", "  - {measure: skill, score: true}\ncomponents:")
    own = "  - {component: pay, kind: flat, each: deal, measure: sales, rate: 10%, deal_maximum: {term: top}}\n"
    (tmp_path / "plan.yaml").write_text(scored + own + "  - {component: extra, kind: formula, amount: skill * 100}\n")
    people = "participant_id,effective_from,term.top,score.skill\nann,2025-01-01,2500,\nann,2025-02-16,300,3\nbob,2025-01-01,,\n"
    (tmp_path / "roster.csv").write_text(people)
    plans = read_plans([tmp_path / "plan.yaml"])
    inputs = read_inputs(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans)
    assert ask(inputs, "800").now == 400_05 + 300_00
    assert ask(inputs, "800").amount == 999_45  # a tenth of it rounds up to 99.95
    assert (ask(inputs, "2000").pays, ask(inputs, "2000").most_from) == (1000_05, 2999_95)


def test_pay_that_falls_again_is_said(given: Callable[[str], KernelInputs], tmp_path: Path) -> None:
    found = ask(given(CLIFF), "1500")
    assert found.falls_at is not None
    assert pay_with(tmp_path, found.falls_at - 1) >= 1500 > pay_with(tmp_path, found.falls_at)


def test_where_deals_count_it_says_how_many_it_takes(given: Callable[[str], KernelInputs], tmp_path: Path) -> None:
    inputs = given(GATED)
    found = ask(inputs, "240")
    assert found.amount is None
    assert found.several is not None
    number, amount = found.several
    assert number == 3
    assert pay_with(tmp_path, amount, deals=3) >= 240 > pay_with(tmp_path, amount - 1, deals=3)
    assert found.unpaid == ["pay: its condition does not hold: deals >= 4"]
    assert ask(inputs, "240", number=3).amount == amount


def test_what_is_reached_already_needs_nothing(given: Callable[[str], KernelInputs]) -> None:
    found = ask(given(TIERS), "200")
    assert (found.amount, found.pays) == (0, 20003)


def test_open_deals_that_close_come_first(given: Callable[[str], KernelInputs], tmp_path: Path) -> None:
    inputs = given(TIERS)
    files = ("--plan", "plan.yaml", "--deals", "deals.csv", "--roster", "roster.csv")

    def target(*more: str) -> dict[str, Any]:
        done = earnest(
            "estimate",
            "--participant",
            "ann",
            "--target",
            "400",
            "--by",
            "2025-02-28",
            *files,
            *more,
            "--json",
            folder=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    alone, beside = target(), target("--close", "D4")
    assert Decimal(alone["amount"]) - Decimal(beside["amount"]) == 2500
    assert estimate(inputs, "ann", closing={"D4": None}).earnings["change"].sum() == 12500


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--target", "5"], "say with --by on which day"),
        (["--target", "5", "--by", "soon"], "--by: soon is no date; write it as 2025-03-31"),
        (["--target", "much", "--by", "2025-02-28"], "--target: 'much' is not a decimal number"),
        (
            ["--target", "500", "--by", "2025-02-28", "--sell", "product"],
            "write the column and what it is, as product=Pro",
        ),
        (["--target", "500", "--by", "2025-02-28", "--sell", "amount=5"], "--sell amount: it is what is asked for"),
        (["--target", "500", "--by", "2025-02-28", "--sell", "seats=many"], "--sell seats:"),
        (["--target", "500", "--by", "2025-02-28", "--sell", "colour=red"], "no plan reads such a column"),
        (["--target", "500", "--by", "2024-02-28"], "ann is on no plan that holds on 2024-02-28"),
        (["--target", "500", "--by", "2025-02-28", "--sell", "owner=bob"], "such a deal credits ann nothing"),
    ],
)
def test_what_cannot_be_asked_is_said(
    given: Callable[[str], KernelInputs], tmp_path: Path, more: list[str], says: str
) -> None:
    given(TIERS)
    files = ("--plan", "plan.yaml", "--deals", "deals.csv", "--roster", "roster.csv")
    done = earnest("estimate", "--participant", "ann", *more, *files, folder=tmp_path)
    assert done.returncode == 1
    assert says in done.stderr


def test_a_deal_that_lacks_what_a_rule_calculates_with_is_told_with_the_option_that_says_it(tmp_path: Path) -> None:
    plan = with_margin(credits="[{rule: own, amount: margin * 2}]", components=FLAT.format(0, 0, 0, 0, 5))
    with pytest.raises(
        FileError, match="the deal has no margin, from which it calculates the amount: say --sell margin="
    ):
        tried_all(tmp_path, plan, question("5"), upto=2)


def test_the_estimate_asks_for_something_to_estimate(given: Callable[[str], KernelInputs], tmp_path: Path) -> None:
    given(TIERS)
    done = earnest("estimate", "--participant", "ann", folder=tmp_path)
    assert done.returncode == 2
    with pytest.raises(FileError, match="nobody is not in the roster"):
        ask(given(TIERS), "5", participant="nobody")
