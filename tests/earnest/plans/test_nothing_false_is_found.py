"""What `earnest plan check` does not say of plans that are sound, and what no curve makes up."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from earnest.cli import app
from shared.kernel.checks.cliffs import cliffs, places
from shared.kernel.checks.texts import check_texts
from shared.kernel.plan.plan_file import plans_of_text

ROOT = Path(__file__).parents[3]
HEAD = """\
plan: rep
version: 1
name: A plan
currency: USD
effective_from: 2025-01-01
conventions: {boundary: lower, rounding: half_up}
"""
TOGETHER = """
credits: [{rule: own}]
measures:
  - {measure: sales, sum_of: [own]}
  - {measure: sales_ever, sum_of: [own], reset: never}
components:
  - component: commission
    kind: formula
    window: month
    amount: sales * (5% + 2% * (least(sales_ever - sales, 20)) / 20)
"""
WITHIN = """
columns: {renews: yes_no}
credits:
  - {rule: new, when: not renews}
  - {rule: renewal, when: renews}
measures:
  - {measure: all_sales, sum_of: [new, renewal]}
  - {measure: new_sales, sum_of: [new]}
components:
  - {component: commission, kind: formula, amount: "all_sales * 10% - greatest(all_sales - new_sales * 2, 0) * 1%"}
"""
AVERAGE = """
credits: [{rule: own}]
measures:
  - {measure: sales, sum_of: [own]}
  - {measure: deals, count_of: [own]}
components:
  - {component: commission, kind: formula, amount: "sales / greatest(deals, 1) * 5%"}
"""
RATIO = """
columns: {margin: decimal}
credits: [{rule: own}, {rule: margin, amount: margin}]
measures: [{measure: margin_rate, ratio: {of: [margin], to: [own]}}]
components:
  - {component: incentive, kind: curve, measure: margin_rate, target: 1000, points: [{at: 0%, gives: 0%}, {at: 100%, gives: 100%}]}
"""
CLIFF = """
credits: [{rule: own}]
measures:
  - {measure: sales, sum_of: [own]}
  - {measure: sales_of_year, sum_of: [own], reset: year}
components:
  - {component: commission, kind: whole, measure: sales, by: sales_of_year, on: amount, tiers: [{up_to: 50000, rate: 9%}, {rate: 2%}]}
"""


def curve_of(plan: Path, *options: str) -> list[str]:
    """What `earnest plan curve` says, and why it refuses."""
    done = CliRunner().invoke(app, ["plan", "curve", str(plan), *options])
    return [*done.output.splitlines(), *([str(done.exception)] if done.exit_code else [])]


def codes(text: str) -> list[str]:
    return [each.finding.code for each in check_texts(plans_of_text(text, "plan.yaml"))]


@pytest.mark.parametrize("plan", [TOGETHER, WITHIN, AVERAGE], ids=["sums of one rule", "a part of it", "an average"])
def test_no_cliff_is_found_where_no_deal_leads(plan: str) -> None:
    assert codes(HEAD + plan) == []


def test_a_cliff_to_which_deals_lead_is_found_whichever_measure_has_it() -> None:
    assert set(codes(HEAD + CLIFF)) == {"P401"}


@pytest.mark.parametrize(("by", "found"), [("bcr", set()), ("term(rate)", set()), ("score", {"P213"})])
def test_rates_beside_a_rate_of_target_pay_by_quota_are_no_lost_percent_signs(by: str, found: set[str]) -> None:
    plan = f"""
credits: [{{rule: own}}]
measures:
  - {{measure: acv, sum_of: [own], reset: year}}
  - {{measure: bcr, formula: term(variable) / quota(acv)}}
  - {{measure: score, score: true, reset: year}}
components:
  - component: commission
    kind: graduated
    measure: acv
    on: attainment
    tiers: [{{up_to: 100%, rate: 1}}, {{up_to: 130%, rate: 1.5}}, {{rate: 2}}]
    multiply: [{{by: {by}}}]
"""
    assert {code for code in codes(HEAD + plan) if code == "P213"} == found


@pytest.mark.parametrize(
    ("component", "told"),
    [
        ("kind: graduated, crossing: whole, tiers: [{up_to: 100000, rate: 7%}, {rate: 3%}]", True),
        ("kind: graduated, tiers: [{up_to: 100000, rate: 7%}, {rate: 3%}]", False),
        ("kind: graduated, crossing: whole, tiers: [{up_to: 100000, rate: 3%}, {rate: 7%}]", False),
        ("kind: table, each: deal, axes: [{deal: amount, up_to: [100000]}], values: [7%, 3%]", True),
        ("kind: table, each: deal, axes: [{deal: amount, up_to: [100000]}], values: [3%, 7%]", False),
        ("kind: table, each: deal, axes: [{deal: margin, up_to: [100000]}], values: [7%, 3%]", False),
    ],
)
def test_a_larger_deal_that_pays_less_is_found_also_where_deals_are_paid_in_turn(component: str, told: bool) -> None:
    columns = "columns: {margin: decimal}\n" if "margin" in component else ""
    sold = f"{columns}credits: [{{rule: own}}]\nmeasures: [{{measure: sales, sum_of: [own], reset: quarter}}]\n"
    found = check_texts(
        plans_of_text(f"{HEAD}{sold}components: [{{component: pay, measure: sales, {component}}}]\n", "plan.yaml")
    )
    said = "a larger deal pays less: pay pays 7,000.00 at sales of 100,000, and 3,000.00 at 100,000.01"
    assert [each.finding.message for each in found] == [said] * told


@pytest.mark.parametrize(
    ("rule", "axes", "values", "told"),
    [
        (
            "{rule: own}",
            "[{deal: segment, of: [smb], others: true}, {deal: amount, up_to: [100000]}]",
            "[[5%, 6%], [7%, 3%]]",
            ", for a deal of segment any other",
        ),
        (
            "{rule: own}",
            "[{deal: margin, at: [20%, 40%]}, {deal: amount, up_to: [100000]}]",
            "[[7%, 3%], [7%, 8%]]",
            ", for a deal of margin 0.20",
        ),
        ("{rule: own, amount: margin}", "[{deal: amount, up_to: [100000]}]", "[7%, 3%]", None),
        ("{rule: own, amount: margin}", "[{deal: credited, up_to: [100000]}]", "[7%, 3%]", ""),
        ("{rule: own}", "[{deal: amount / margin, up_to: [100000]}]", "[7%, 3%]", None),
    ],
)
def test_deals_are_walked_along_by_what_moves_with_them(rule: str, axes: str, values: str, told: str | None) -> None:
    found = check_texts(
        plans_of_text(
            f"{HEAD}columns: {{margin: decimal, segment: text}}\ncredits: [{rule}]\n"
            "measures: [{measure: sales, sum_of: [own], reset: quarter}]\n"
            f"components: [{{component: pay, kind: table, each: deal, measure: sales, axes: {axes}, values: {values}}}]\n",
            "plan.yaml",
        )
    )
    said = "a larger deal pays less: pay pays 7,000.00 at sales of 100,000, and 3,000.00 at 100,000.01"
    assert [each.finding.message for each in found if each.finding.code == "P401"] == (
        [] if told is None else [f"{said}{told}"]
    )


def test_cliffs_of_a_plan_that_is_too_large_to_be_walked_are_left_to_who_has_the_time() -> None:
    texts = plans_of_text(HEAD + CLIFF, "plan.yaml")
    assert [each.finding.code for each in check_texts(texts, most_walked=1)] == []
    assert {each.finding.code for each in check_texts(texts, most_walked=1000)} == {"P401"}


def test_each_measure_is_walked_by_what_looks_at_it_alone() -> None:
    many = "components:\n" + "".join(
        f"  - {{component: c{n}, kind: whole, measure: m{n}, tiers: [{{up_to: 100, rate: 5%}}, {{rate: {n}%}}]}}\n"
        for n in range(1, 21)
    )
    rules = ", ".join(f"{{rule: r{n}, when: \"product = 'p{n}'\"}}" for n in range(1, 21))
    measures = ", ".join(f"{{measure: m{n}, sum_of: [r{n}]}}" for n in range(1, 21))
    text = HEAD + f"credits: [{rules}]\nmeasures: [{measures}]\n{many}"
    [read] = plans_of_text(text, "plan.yaml")
    assert read.plan is not None, read.findings
    # Of each three numbers: with those of all others every walk would be twenty times as long, and of all of them.
    assert places(read.plan) == 20 * 3
    told = [finding.message.split(": ")[1].split(" ")[0] for finding in cliffs(read.plan) if finding.code == "P401"]
    assert told == ["c1", "c2", "c3", "c4"]


def test_nobody_is_without_the_quota_of_a_ratio() -> None:
    assert codes(HEAD + RATIO) == []
    assert "P502" in codes(
        HEAD + RATIO.replace("{of: [margin], to: [own]}", "{of: [margin], to: [own]}, quota: {default: 1}")
    )


def test_a_version_that_replaces_another_from_its_first_day_begins_no_sum_anew() -> None:
    first = HEAD + TOGETHER
    again = first.replace("version: 1", "version: 2")
    assert "P503" not in codes(f"{first}---\n{again}")
    assert "P503" in codes(f"{first}---\n{again.replace('2025-01-01', '2025-02-01')}")


def plans_shown() -> list[tuple[str, str]]:
    """The plans of the five minutes, and the examples."""
    analyst = (ROOT / "docs" / "analyst.md").read_text()
    shown = re.findall(r"```yaml (plans/\S+)\n(.*?)```", analyst, re.DOTALL)
    examples = [file for file in sorted((ROOT / "examples").rglob("*.yaml")) if "components:" in file.read_text()]
    return [*shown, *((str(file.relative_to(ROOT)), file.read_text()) for file in examples)]


@pytest.mark.parametrize(("name", "text"), plans_shown(), ids=[name for name, _ in plans_shown()])
def test_the_plans_that_are_shown_first_have_nothing_to_mend(name: str, text: str) -> None:
    said = check_texts(plans_of_text(text, name))
    assert [each.in_words for each in said if each.finding.severity != "note"] == []


def test_a_curve_is_that_of_a_category_and_says_which_it_assumes(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        HEAD + "credits: [{rule: own}]\nmeasures: [{measure: sales, sum_of: [own]}]\ncomponents:\n"
        "  - {component: pay, kind: formula, amount: sales * case position when 'lead' then 2% else 1% end}\n"
    )
    curve = partial(curve_of, plan)

    assumed = curve()
    assert assumed[1] == "Assumed: position is lead: say --category position=…"
    assert assumed[-1].split()[-1] == "4,000.00"
    said = curve("--category", "position=rep")
    assert not [line for line in said if "Assumed" in line]
    assert said[-1].split()[-1] == "2,000.00"
    assert curve("--category", "grade=x")[-1] == (
        "--category grade: the plan looks at no such category; the categories are position"
    )


def test_a_curve_says_which_figures_nobody_gave(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        HEAD + "credits: [{rule: own}]\nmeasures: [{measure: sales, sum_of: [own]}]\ncomponents:\n"
        "  - {component: pay, kind: curve, measure: sales, target: {term: variable}, points: [{at: 0%, gives: 0%}, {at: 100%, gives: 100%}]}\n"
    )
    curve = partial(curve_of, plan)

    assert curve()[1:3] == [
        "Assumed: the quota of sales is 100,000: say --quota …",
        "Assumed: variable is 10,000: say --term variable=…",
    ]
    told = curve("--quota", "500000", "--term", "variable=100000")
    assert not [line for line in told if "Assumed" in line]
    assert next(line for line in told if line.strip().startswith("50%")).split()[-1] == "50,000.00"
    assert curve("--term", "salary=5")[-1] == "--term salary: the plan has no such term; the terms are variable"
    assert curve("--term", "variable")[-1] == "--term variable: write --term variable=figure"


RATES_OF_THEIR_OWN = """
credits: [{rule: own}]
measures: [{measure: sales, sum_of: [own], reset: quarter}]
components:
  - {component: first, kind: whole, measure: sales, on: attainment, tiers: [{up_to: 100%, rate: {term: base}}, {rate: 12%}]}
  - {component: middle, kind: graduated, measure: sales, on: attainment, crossing: whole, tiers: [{up_to: 50%, rate: 3%}, {up_to: 100%, rate: {term: own}}, {rate: 7%}]}
  - {component: each, kind: flat, measure: sales, rate: {term: half, times: 50%}}
  - {component: worked_out, kind: formula, amount: sales * term(share)}
  - {component: variable, kind: formula, amount: sales * term(variable) / quota(sales)}
  - {component: ends, kind: whole, measure: sales, on: attainment, tiers: [{up_to: {term: start}, rate: 1%}, {up_to: 100%, rate: 2%}, {rate: 3%}]}
"""


def test_a_figure_that_nobody_said_suits_what_it_is_used_for(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(HEAD + RATES_OF_THEIR_OWN)

    assert "P401" not in codes(plan.read_text())
    told = curve_of(plan)
    assert [line.partition(":")[2].strip() for line in told if line.startswith("Assumed")][1:] == [
        "base is 12%: say --term base=…",
        "half is 20%: say --term half=…",
        "own is 3%: say --term own=…",
        "share is 10%: say --term share=…",
        "start is 50%: say --term start=…",
        "variable is 10,000: say --term variable=…",
    ]
    each = curve_of(plan, "--component", "each")
    assert next(line for line in each if line.strip().startswith("100%")).split()[-1] == "10,000.00"
