"""The commands of `earnest plan`, as somebody at a terminal meets them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from earnest.cli import app

ROOT = Path(__file__).resolve().parents[3]
PLAN = """plan: rep
version: 1
name: Sales <b>representative</b>
currency: USD
effective_from: 2025-01-01
conventions: {zero_quota: refuse, rounding: half_up}
credits: [{rule: own}]
measures: [{measure: bookings, sum_of: [own], quota: {default: 100000}}]
components:
  - component: commission
    kind: graduated
    measure: bookings
    on: attainment
    tiers: [{up_to: 100%, rate: 5%}, {rate: 8%}]
  - {component: kicker, kind: bonus, amount: 1000, when: attainment(bookings) >= 120%}
assertions:
  - {at: {attainment: 100%}, pays: 5000}
  - {at: {bookings: 300000, quota: 200000}, pays: {commission: 18000, kicker: 1000}}
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN)
    return file


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["plan", *map(str, arguments)])
    return done.exit_code, done.output


def test_check_is_silent_about_a_sound_plan_and_fails_on_a_doubtful_one(plan: Path) -> None:
    assert run("check", plan) == (0, "1 file: nothing to mend\n")
    plan.write_text(PLAN.replace("rate: 8%", "rate: 8"))
    code, said = run("check", plan)
    assert code == 1
    assert said == (
        f"{plan}:14:45: warning P213: a rate of 8 is 800%: it pays 8 for each 1 of the measure\n"
        "    write 8% if percent is meant\n1 file: 1 warning\n"
    )
    code, said = run("check", "--format", "json", plan)
    assert code == 1
    assert json.loads(said) == [
        {
            "file": str(plan),
            "line": 14,
            "column": 45,
            "severity": "warning",
            "code": "P213",
            "path": ["components", 0, "tiers", 1, "rate"],
            "message": "a rate of 8 is 800%: it pays 8 for each 1 of the measure",
            "mend": "write 8% if percent is meant",
        }
    ]


def test_check_lets_versions_of_a_plan_know_of_each_other(plan: Path, tmp_path: Path) -> None:
    plan.write_text(PLAN.replace("sum_of: [own]", "sum_of: [own], reset: year"))
    assert run("check", plan)[0] == 0
    later = tmp_path / "later.yaml"
    later.write_text(PLAN.replace("version: 1", "version: 2").replace("2025-01-01", "2026-01-01"))
    code, said = run("check", tmp_path)
    assert code == 1
    assert "P503: the plan does not say what becomes of sums over more than a month when a version begins" in said


def test_check_says_which_version_another_from_the_same_day_replaces(plan: Path, tmp_path: Path) -> None:
    (tmp_path / "second.yaml").write_text(PLAN.replace("version: 1", "version: 2"))
    code, said = run("check", tmp_path)
    assert code == 0, said
    assert "P604: version 2 holds from the same day and replaces this one: it never holds" in said
    assert said.count("P604") == 1


def test_assertions_are_reported_like_tests(plan: Path) -> None:
    code, said = run("assert", plan)
    assert code == 0, said
    assert said.splitlines() == [
        f"{plan}: assertion 1 holds: at attainment 100%",
        f"{plan}: assertion 2 holds: at bookings 300,000, quota 200,000",
        "2 passed",
    ]
    plan.write_text(PLAN.replace("pays: 5000", "pays: 5500").replace("commission: 18000", "commision: 18000"))
    code, said = run("assert", plan)
    assert code == 1
    assert said.splitlines() == [
        f"{plan}: assertion 1 FAILS: at attainment 100%",
        "    the plan pays 5,000.00 USD, not 5,500",
        "    kicker: attainment(bookings) 100.00%; attainment(bookings) by bookings 100,000.00"
        " and quota(bookings) 100,000.00",
        f"{plan}: assertion 2 FAILS: at bookings 300,000, quota 200,000",
        "    the plan has no component commision",
        "2 failed, 0 passed",
    ]


def test_a_plan_without_assertions_has_not_passed(plan: Path) -> None:
    plan.write_text(PLAN.partition("assertions:")[0])
    code, said = run("assert", plan)
    assert (code, said) == (1, f"{plan}: the plan has no assertions\n0 passed\n")


def test_show_writes_markdown_and_a_page_in_which_the_plans_text_is_text(plan: Path, tmp_path: Path) -> None:
    assert "| up to 100% of quota | 5% |" in run("show", plan)[1]
    page = tmp_path / "plan.html"
    assert run("show", plan, "--html", "--out", page) == (0, f"Written: {page}\n")
    html = page.read_text()
    assert "<title>Sales &lt;b&gt;representative&lt;/b&gt;</title>" in html
    assert "<h1>Sales &lt;b&gt;representative&lt;/b&gt;</h1>" in html
    assert '<td style="text-align:right">5%</td>' in html
    assert "<script" not in html


def test_curve_gives_a_table_and_charts_that_are_the_same_each_time(plan: Path, tmp_path: Path) -> None:
    code, said = run("curve", plan, "--quota", "200000")
    assert code == 0, said
    rows = {row.split()[0]: row.split()[1:] for row in said.splitlines()[3:]}
    assert len(rows) == 21
    assert rows["100%"] == ["200,000", "10,000.00", "0.00", "10,000.00"]
    assert rows["120%"] == ["240,000", "13,200.00", "1,000.00", "14,200.00"]
    beyond = run("curve", plan, "--quota", "200000", "--up-to", "200.001%")[1]
    shown = [row.split()[:2] for row in beyond.splitlines()[3:]]
    assert ["100.0005%", "200,001"] in shown  # just above the quota is not at it
    for name, begins in (("a.svg", b"<?xml"), ("a.png", b"\x89PNG")):
        first, second = tmp_path / name, tmp_path / f"again-{name}"
        assert run("curve", plan, "--out", first)[0] == run("curve", plan, "--out", second)[0] == 0
        assert first.read_bytes().startswith(begins)
        assert first.read_bytes() == second.read_bytes()
    assert "Attainment of bookings" in (tmp_path / "a.svg").read_text()


def test_what_the_same_deals_feed_grows_along_a_curve(tmp_path: Path) -> None:
    # A sum from the beginning has what the quarter has, too: what came before it stays the same.
    file = tmp_path / "growth.yaml"
    file.write_text("""plan: device
version: 1
name: Growth
currency: USD
effective_from: 2025-01-01
credits: [{rule: own}]
measures:
  - {measure: sales, sum_of: [own], reset: quarter}
  - {measure: ever, sum_of: [own], reset: never}
  - {measure: base, formula: ever - sales, reset: quarter}
components:
  - component: c
    kind: graduated
    measure: sales
    tiers: [{up_to: {measure: base}, rate: 3%}, {rate: 12%}]
""")
    code, said = run("curve", file, "--measure", "sales")
    assert code == 0, said
    rows = [line.split() for line in said.splitlines() if "%" in line]
    assert {row[2] for row in rows} == {"100,000.00"}, said


def test_curve_shows_the_results_that_lead_to_the_pay(plan: Path) -> None:
    rate = "rate, lookup: {measure: bookings, steps: [{up_to: 100%, gives: 5%}, {gives: 8%}]}"
    plan.write_text(
        PLAN.replace("default: 100000}}]", f"default: 100000}}}}, {{measure: {rate}}}]").replace(
            "kind: bonus, amount: 1000, when: attainment(bookings) >= 120%",
            "kind: flat, measure: bookings, rate: {measure: rate}",
        )
    )
    code, said = run("curve", plan, "--component", "kicker")
    assert code == 0, said
    rows = {row.split()[0]: row.split()[1:] for row in said.splitlines()[2:]}
    assert rows["attainment"] == ["bookings", "rate", "kicker"]
    assert rows["100%"] == ["100,000", "5%", "5,000.00"]
    assert rows["110%"] == ["110,000", "8%", "8,800.00"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--component", "comission"], "the plan has no component comission; did you mean commission?"),
        (["--measure", "margin"], "the plan has no measure margin; the measures are bookings"),
        (["--quota", "much"], "--quota: 'much' is not a number or a percentage"),
        (["--quota", "0"], "--quota: 0 is not above zero and below 10,000,000,000,000"),
        (["--out", "chart.pdf"], "chart.pdf: a chart is an .svg or a .png file"),
    ],
)
def test_curve_says_what_it_cannot_draw(plan: Path, options: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["plan", "curve", str(plan), *options])
    assert done.exit_code == 1
    assert str(done.exception) == said


def test_diff_of_a_plan_with_itself_says_that_the_two_say_the_same(plan: Path) -> None:
    assert run("diff", plan, plan) == (0, "rep version 1 -> rep version 1\nThe two say the same.\n")


def test_diff_names_deals_that_it_cannot_use(plan: Path, tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,close_date\nD1,ann,12x,2025-03-01\nD2,ann,50,2025-03-01\n"
    )
    (tmp_path / "roster.csv").write_text("participant_id,plan\nann,rep\n")
    files = ("--deals", str(tmp_path / "deals.csv"), "--roster", str(tmp_path / "roster.csv"))
    done = CliRunner().invoke(app, ["plan", "diff", str(plan), str(plan), *files])
    assert done.exit_code == 0
    assert done.stderr.count("D1") == 1
    assert "amount: '12x' is not a decimal number" in done.stderr


def test_diff_says_what_changed_and_what_it_costs_whom(plan: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(
        PLAN.replace("version: 1", "version: 2\nreason: a dearer accelerator")
        .replace("rate: 8%", "rate: 10%")
        .replace("  - {component: kicker, kind: bonus, amount: 1000, when: attainment(bookings) >= 120%}\n", "")
        .replace(", kicker: 1000", "")
    )
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,close_date\nD1,ann,150000,2025-03-01\nD2,bob,60000,2025-03-02\nD3,eve,110000,2025-03-02\n"
    )
    (tmp_path / "roster.csv").write_text("participant_id,plan\nann,rep\nbob,rep\neve,rep\n")
    code, said = run("diff", plan, new, "--deals", tmp_path / "deals.csv", "--roster", tmp_path / "roster.csv")
    assert code == 0, said
    assert said.splitlines() == [
        "rep version 1 -> rep version 2",
        "It replaces version 1 from its first day, 2025-01-01",
        "Reason: a dearer accelerator",
        "Component commission: tiers 2.rate was 8%, is now 10%",
        "Component kicker is taken out",
        "Assertions 2.pays.kicker is no longer said; it was 1000",
        "",
        "Over these deals, in USD:",
        "",
        "participant     before      after   change",
        "ann          10,000.00  10,000.00    +0.00",
        "bob           3,000.00   3,000.00    +0.00",
        "eve           5,800.00   6,000.00  +200.00",
        "all          18,800.00  19,000.00  +200.00",
        "",
        "1 gain, 0 lose, 2 stay the same; the cost changes by +200.00 USD, +1.1%.",
    ]


def test_a_file_that_is_no_plan_is_told_by_every_tool(plan: Path) -> None:
    plan.write_text(PLAN.replace("currency: USD\n", ""))
    for command in ("assert", "show", "curve"):
        done = CliRunner().invoke(app, ["plan", command, str(plan)])
        assert done.exit_code == 1
        assert re.search(r"plan\.yaml:1:1: error P101: currency is missing", str(done.exception))


def test_check_names_versions_that_cannot_stand_side_by_side(plan: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(PLAN)
    assert run("check", tmp_path)[0] == 0  # the same version again, as it is, is no conflict
    other.write_text(PLAN.replace("amount: 1000,", "amount: 2000,").replace("commission: 18000, kicker: 1000", ""))
    code, said = run("check", plan, other)
    assert code == 1
    assert f"{other}:2:10: error P004: rep@1 is there twice, with different content" in said
    columns = "plan: other\ncolumns: {{margin: {kind}}}\n"
    plan.write_text(PLAN.replace("plan: rep\n", columns.format(kind="decimal").replace("other", "rep")))
    other.write_text(PLAN.replace("plan: rep\n", columns.format(kind="text")))
    code, said = run("check", plan, other)
    assert code == 1
    assert "error P004: rep@1 declares column margin as decimal, other@1 as text" in said
