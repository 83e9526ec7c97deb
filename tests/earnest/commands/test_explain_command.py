"""`earnest explain`: every kind of component reads well, sums to its earning, and can be checked with a calculator."""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from earnest.files.earning_explanations import EarningExplanation, explain_earnings
from earnest.files.kernel_inputs import KernelInputs, read_inputs
from earnest.files.rejections import FileError
from earnest.plans.files import read_plans
from tests.command_line import earnest

PLAN = """
plan: rep
version: 1
name: All kinds
currency: USD
effective_from: 2025-01-01
credits:
  - rule: own
  - {rule: pro, when: "stage = 'won' and product = 'Pro'"}
  - {rule: team, to: managers}
measures:
  - {measure: bookings, sum_of: [own], quota: {default: 10000}}
  - {measure: ytd, sum_of: [own], reset: year, quota: {default: 120000, per: year}}
  - {measure: deals, count_of: [own]}
  - {measure: pro_share, ratio: {of: [pro], to: [own]}}
  - {measure: mbo, score: true}
  - {measure: card, scorecard: {bookings: {weight: 60%, maximum: 150%}, mbo: {weight: 40%}}}
  - {measure: team_bookings, sum_of: [team]}
components:
  - {component: flat_one, kind: flat, measure: bookings, rate: 5%}
  - {component: grad, kind: graduated, measure: bookings, on: attainment, tiers: [{up_to: 80%, rate: 4%}, {rate: 10%}]}
  - {component: grad_ytd, kind: graduated, measure: ytd, on: amount, tiers: [{up_to: 15000, rate: 3.333%}, {rate: 5%}]}
  - {component: whole_one, kind: whole, measure: bookings, on: attainment, tiers: [{up_to: 80%, rate: 4%}, {rate: 6%}]}
  - {component: each, kind: per_unit, measure: deals, amount: 50}
  - {component: slabs, kind: slab, measure: bookings, tiers: [{up_to: 5000, rate: 1%}, {rate: 2%, amount: 25}]}
  - {component: slabs_marginal, kind: slab, measure: bookings, marginal: true, tiers: [{up_to: 5000, rate: 1%}, {rate: 2%}]}
  - {component: curve_one, kind: curve, measure: bookings, target: {term: target, default: 1000}, points: [{at: 50%, gives: 0}, {at: 100%, gives: 100%}, {at: 150%, gives: 200%}]}
  - {component: kicker, kind: bonus, amount: 500, when: attainment(bookings) >= 100%}
  - {component: stones, kind: bonus, measure: bookings, milestones: [{at: 50%, amount: 100}, {at: 100%, amount: 200}]}
  - {component: mbo_bonus, kind: curve, measure: mbo, target: 2000, points: [{at: 0, gives: 0}, {at: 100%, gives: 100%}]}
  - {component: card_bonus, kind: curve, measure: card, target: 2000, points: [{at: 0, gives: 0}, {at: 200%, gives: 200%}]}
  - {component: by_table, kind: table, measure: bookings, axes: [{attainment: bookings, up_to: [80%]}, {formula: pro_share, up_to: [50%]}], values: [[1%, 2%], [3%, 4%]]}
  - {component: table_amounts, kind: table, axes: [{attainment: bookings, up_to: [80%]}], values: [0, 750]}
  - {component: mult, kind: flat, measure: bookings, rate: 1%, multiply: [{measure: pro_share, steps: [{up_to: 40%, gives: 1}, {gives: 1.2}]}]}
  - {component: linked, kind: formula, amount: "pay(flat_one) * 0.1"}
  - {component: capped, kind: flat, measure: bookings, rate: 10%, maximum: 900}
  - {component: floored, kind: flat, measure: bookings, rate: 1%, minimum: 400}
  - {component: carried, kind: flat, measure: bookings, rate: 10%, maximum: 900, carry_over: true}
  - {component: race, kind: contest, measure: bookings, prizes: [300, 100]}
  - {component: kitty, kind: pool, amount: 1000, by: bookings}
  - {component: quarterly, kind: flat, measure: bookings, rate: 1%, pays: quarter}
  - {component: override, kind: flat, measure: team_bookings, rate: 1%}
maximum: 8000
"""
DEALS = """\
deal_id,owner,amount,close_date,product,splits
D1,ann,6000,2025-03-03,Pro,
D2,ann,5000.55,2025-03-17,Base,
D3,bob,4000,2025-03-20,Pro,bob:60;ann:40
D4,ann,2000,2025-04-02,Pro,
D5,ann,2000,2025-02-02,Pro,
"""
ROSTER = """\
participant_id,effective_from,manager,score.mbo
ann,2025-01-01,mia,
ann,2025-03-01,,90%
bob,2025-01-01,mia,
mia,2025-01-01,,
"""


@pytest.fixture
def company(tmp_path: Path) -> Path:
    for name, text in (("plan.yaml", PLAN), ("deals.csv", DEALS), ("roster.csv", ROSTER)):
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def inputs(company: Path) -> KernelInputs:
    return read_inputs(company / "deals.csv", company / "roster.csv", plans=read_plans([company / "plan.yaml"]))


def ending(inputs: KernelInputs, component: str, period: str = "2025-03", who: str = "ann") -> str:
    """The last line of an earning, without what every line says."""
    [found] = explain_earnings(inputs, who, period=period, component=component)
    return found.parts[0].lines[-1].sentence


def test_every_line_of_every_kind_leads_to_the_cent(inputs: KernelInputs) -> None:
    found = [each for who in ("ann", "bob", "mia") for each in explain_earnings(inputs, who)]
    assert len({each.component for each in found}) == 24
    for earning in found:
        lines = [line for part in earning.parts for line in part.lines]
        assert sum(line.amount for line in lines) == earning.amount, earning.component
        for line in lines:
            assert line.paid_after - line.paid_before == line.amount
            if line.slices:
                rounded = line.exact_so_far.quantize(Decimal("0.01"), ROUND_HALF_UP)
                assert rounded == line.paid_after, (earning.component, line.sentence)
            check(line.sentence)


def check(sentence: str) -> None:
    """Every product that a sentence states is right."""
    number = r"-?[\d,]+(?:\.\d+)?"
    for left, factors, result in re.findall(rf"({number})((?: × {number}%?)+) = ({number})", sentence):
        product = Decimal(left.replace(",", ""))
        for factor in re.findall(rf" × ({number}%?)", factors):
            product *= Decimal(factor.rstrip("%").replace(",", "")) / (100 if factor.endswith("%") else 1)
        assert product == Decimal(result.replace(",", "")), sentence


@pytest.mark.parametrize(
    ("component", "says"),
    [
        ("flat_one", "1,600.00 × 5% = 80.00 (all of it)."),
        ("grad", "1,600.00 × 10% = 160.00 (above 80% of quota)."),
        ("each", "That takes deals from 2 to 3. 1 × 50.00 = 50.00 (each)."),
        ("slabs", "By itself it pays 1,600 × 1% (up to 5,000), which comes to 16.00."),
        ("curve_one", "1,000.00 × 152.011% = 1,520.11 (of the target). Taken back: -1,000.00 × 120.011% = -1,200.11"),
        ("kicker", "It reaches nothing that pays more: the pay stays at 500.00 USD."),
        ("mbo_bonus", "Before any deal of the month, by scores, quotas and fixed amounts. 2,000.00 × 90% = 1,800.00"),
        ("card_bonus", "counts by rule own (share 40%). That takes card from 102.0033% to 111.6033%."),
        ("by_table", "counts for pro_share by rule pro (share 40%). 12,600.55 × 4% = 504.022 (by the table)."),
        ("linked", "8.00 (pay(flat_one) * 0.1)."),
        ("capped", "Cut to the maximum of 900: -360.06 USD."),
        ("floored", "Raised to the minimum of 400: 273.99 USD."),
        ("carried", "Beyond the maximum of 900, carried over: -360.06 USD."),
        ("race", "The prize of place 1 among 3 by bookings: 300.00 USD."),
        (
            "kitty",
            "The share of the pool, 84.000587% of 1,000.00, by bookings: 12,600.55 of 15,000.55 that 2 have together: 840.01 USD.",
        ),
        ("plan_maximum", "Cut to the plan's maximum of 8,000: -6,464.55 USD."),
    ],
)
def test_each_kind_reads_well(inputs: KernelInputs, component: str, says: str) -> None:
    assert says in ending(inputs, component)


def test_what_a_rate_for_everything_takes_back_is_said(inputs: KernelInputs) -> None:
    [found] = explain_earnings(inputs, "ann", period="2025-03", component="whole_one")
    assert (
        "Taken back: -6,000.00 × 4% = -240.00 (everything, up to 80% of quota). "
        "11,000.55 × 6% = 660.033 (everything, above 80% of quota). Together 420.033."
    ) in found.parts[0].lines[1].sentence


def test_a_longer_window_goes_on_where_the_month_before_ended(inputs: KernelInputs) -> None:
    assert ending(inputs, "grad_ytd", "2025-04").endswith(
        "The pay of the year so far is 579.9775, rounded 579.98; it was 486.64 before, so this line pays 93.34 USD."
    )
    assert ending(inputs, "carried", "2025-04") == "Carried over from before: 360.06 USD."


def test_a_quarter_that_is_paid_together_tells_every_month(inputs: KernelInputs) -> None:
    [found] = explain_earnings(inputs, "ann", period="2025-03", component="quarterly")
    assert [line.deal_id for line in found.parts[0].lines] == ["D5", "D1", "D2", "D3"]
    assert "paid for the quarter together" in found.parts[0].sentence


def test_who_or_what_is_not_there_is_told_with_what_is(inputs: KernelInputs) -> None:
    with pytest.raises(FileError, match="zoe is not in the roster"):
        explain_earnings(inputs, "zoe")
    with pytest.raises(FileError, match="ann has no earning bonus in 2025-03; there are components: by_table, capped"):
        explain_earnings(inputs, "ann", period="2025-03", component="bonus")


def test_the_command_tells_it_in_words_and_as_json(company: Path) -> None:
    command = ["explain", "--plan", "plan.yaml", "--deals", "deals.csv"]
    command += ["--roster", "roster.csv", "--participant", "ann", "--component", "capped", "--period", "2025-03"]
    run = [earnest(*command, *more, folder=company) for more in ([], ["--json"])]
    assert [each.returncode for each in run] == [0, 0]
    assert "capped, 2025-03: 900.00 USD" in run[0].stdout
    assert "Cut to the maximum of 900: -360.06 USD." in run[0].stdout
    [earning] = json.loads(run[1].stdout)["earnings"]
    assert EarningExplanation.model_validate(earning).amount == 900


def test_the_manual_shows_what_the_command_says(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "analyst.md").read_text()
    for name in ("plans/rep.yaml", "plans/manager.yaml", "roster.csv", "deals.csv"):
        [text] = re.findall(rf"```(?:yaml|csv) {re.escape(name)}\n(.*?)```", page, re.DOTALL)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    [shown] = re.findall(r"```text\n(commission, 2025-03.*?)```", page, re.DOTALL)
    company = read_inputs(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=read_plans([tmp_path / "plans"]))
    [found] = explain_earnings(company, "ann", period="2025-03", component="commission")
    [part] = found.parts
    said = [part.sentence, *(f"{line.line}. {line.sentence}" for line in part.lines)]
    assert " ".join(shown.split()) == f"commission, 2025-03: 7,560.00 USD {' '.join(said)}"


def test_who_forfeits_by_leaving_is_told_so(tmp_path: Path) -> None:
    plan = "conventions: {leavers: nothing_in_the_last_period}\n" + PLAN.replace("maximum: 8000\n", "")
    (tmp_path / "plan.yaml").write_text(plan)
    (tmp_path / "deals.csv").write_text("deal_id,owner,amount,close_date\nD1,ann,1000,2025-03-03\n")
    (tmp_path / "roster.csv").write_text("participant_id,effective_from,active\nann,,\nann,2025-03-20,no\n")
    company = read_inputs(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=read_plans([tmp_path / "plan.yaml"]))
    assert ending(company, "flat_one").endswith("Who leaves within the period is paid nothing of it: 0.00 USD.")


def test_every_recipe_of_the_manual_is_explained_to_the_cent(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "analyst.md").read_text()
    for name, text in re.findall(r"```(?:yaml|csv) (\S+/\S+)\n(.*?)```", page, re.DOTALL):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    recipes = sorted(path.parent for path in tmp_path.glob("*/roster.csv"))
    assert len(recipes) > 15
    for folder in recipes:
        # Beside its plans a recipe may have payment terms.
        plans = read_plans([path for path in sorted(folder.glob("*.yaml")) if "components:\n" in path.read_text()])
        inputs = read_inputs(folder / "deals.csv", folder / "roster.csv", plans=plans)
        credited = {line.split(",")[0] for line in (folder / "earnings.csv").read_text().splitlines()[1:]}
        for earning in (each for who in sorted(credited) for each in explain_earnings(inputs, who)):
            lines = [line for part in earning.parts for line in part.lines]
            assert sum(line.amount for line in lines) == earning.amount, (folder.name, earning.component)
            for line in lines:
                check(line.sentence)
                assert "None" not in line.sentence
