"""`earnest simulate`: years drawn from history are paid by the kernel, the same for the same seed, and say what a plan
would do.
"""

from __future__ import annotations

import random
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest
from typer.testing import CliRunner

from earnest.cli import app
from earnest.files.kernel_inputs import KernelInputs, read_inputs
from earnest.files.rejections import FileError
from earnest.plans.files import read_plans
from earnest.simulation.history import base_year
from earnest.simulation.run import Simulation, as_it_was, simulate
from earnest.simulation.sampling import sample
from earnest.simulation.statistics import bands, pays
from earnest.simulation.years import Years
from shared.kernel import credit, earn, measure

PLAN = """
plan: rep
version: 1
name: Representative
currency: USD
effective_from: 2025-01-01
credits: [{rule: own}, {rule: team, to: managers}]
measures:
  - {measure: bookings, sum_of: [own]}
  - {measure: ytd, sum_of: [own], reset: year, quota: {default: 100000, per: year}}
  - {measure: deals, count_of: [own]}
  - {measure: accounts, distinct: {column: account, of: [own]}}
  - {measure: team_bookings, sum_of: [team]}
components:
  - component: commission
    kind: graduated
    measure: bookings
    on: attainment
    tiers: [{up_to: 100%, rate: LOW}, {rate: HIGH}]
  - {component: year_bonus, kind: curve, measure: ytd, target: 5000, points: [{at: 50%, gives: 0}, {at: 100%, gives: 100%}]}
  - {component: each_deal, kind: per_unit, measure: deals, amount: 10}
  - {component: each_account, kind: per_unit, measure: accounts, amount: 7}
  - {component: big_deals, kind: slab, measure: bookings, tiers: [{up_to: 1500, rate: 0%}, {rate: 1%}]}
  - {component: override, kind: flat, measure: team_bookings, rate: 0.5%}
"""
GROUP = """
  - {component: kitty, kind: pool, amount: 1000, by: bookings}
  - {component: race, kind: contest, measure: bookings, prizes: [300, 100]}
"""


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """Twelve representatives of two managers with deals of 2024 (few) and 2025 (many), one in ten of them split."""
    lots = random.Random(5)
    deals = ["deal_id,owner,amount,close_date,account,stage,splits"]
    people = ["participant_id,manager,quota.bookings", "m0,,", "m1,,"]
    for number in range(12):
        people.append(f"r{number},m{number % 2},{1500 + 100 * number}")
        for deal in range(40):
            year = 2024 if deal % 10 == 0 else 2025
            split = f"r{number}:60;r{(number + 2) % 12}:40" if deal % 10 == 1 else ""
            day = f"{year}-{lots.randint(1, 12):02d}-{lots.randint(1, 28):02d}"
            stage = "open" if deal == 39 else "won"
            deals.append(
                f"D{number}-{deal},r{number},{lots.randint(10000, 300000) / 100:.2f},{day},A{lots.randint(1, 9)},{stage},{split}"
            )
    (tmp_path / "now.yaml").write_text(PLAN.replace("LOW", "5%").replace("HIGH", "10%"))
    (tmp_path / "before.yaml").write_text(PLAN.replace("LOW", "6%").replace("HIGH", "8%"))
    (tmp_path / "group.yaml").write_text(PLAN.replace("LOW", "6%").replace("HIGH", "8%").rstrip() + GROUP)
    (tmp_path / "deals.csv").write_text("\n".join(deals) + "\n")
    (tmp_path / "roster.csv").write_text("\n".join(people) + "\n")
    return tmp_path


def side(company: Path, plan: str = "now.yaml") -> KernelInputs:
    return read_inputs(company / "deals.csv", company / "roster.csv", plans=read_plans([company / plan]))


def simulated(
    company: Path, years: int, plan: str = "now.yaml", against: str | None = None, seed: int = 3
) -> Simulation:
    other = None if against is None else side(company, against)
    return simulate(side(company, plan), other, years=years, seed=seed, step=lambda _: None)


@pytest.mark.parametrize("plan", ["now.yaml", "group.yaml"])
def test_the_year_as_it_was_pays_what_the_calculation_pays(company: Path, plan: str) -> None:
    found = side(company, plan)
    base = base_year(found.deals, found.roster, plans=found.plans)
    of_year = found.deals.filter(pl.col("close_date").dt.year() == 2025)
    credits = credit(of_year, found.roster, plans=found.plans).credits
    paid = earn(measure(credits, found.plans), found.roster, plans=found.plans)
    by_person = {who: sum(rows["amount"]) for (who,), rows in paid.group_by("participant_id")}
    years = Years(
        base, credit(found.deals, found.roster, plans=found.plans).credits, roster=found.roster, plans=found.plans
    )
    simulated_pay = pays(years.pay(as_it_was(base)))
    assert {base.people[who]: pay for _, _, who, pay in simulated_pay.iter_rows()} == by_person


@pytest.mark.parametrize("plan", ["now.yaml", "group.yaml"])
def test_a_drawn_year_pays_what_the_calculation_pays_for_its_deals(company: Path, plan: str) -> None:
    found = side(company, plan)
    base = base_year(found.deals.filter(pl.col("splits").is_null()), found.roster, plans=found.plans)
    lots = sample(base, 0, count=1, seed=9)
    again = pl.int_range(pl.len()).over("seat", "deal_id")
    names = pl.DataFrame({"seat": range(len(base.people)), "name": base.people})
    ids = base.deals.select("deal_id").with_row_index("deal").cast({"deal": pl.Int64})
    taken = lots.deals.join(ids, on="deal").join(names, on="seat").with_columns(again=again)
    deals = taken.join(found.deals, on="deal_id").with_columns(
        deal_id=pl.concat_str("deal_id", pl.lit("/"), "name", pl.lit("/"), "again"),
        owner="name",
        account=pl.when(pl.col("again") == 0).then("account").otherwise(pl.concat_str("account", pl.lit("#"), "again")),
    )
    seats = dict(lots.seats.select("seat", "who").iter_rows())
    quotas = [
        found.roster.quotas.filter(pl.col("participant_id") == base.people[who]).with_columns(
            participant_id=pl.lit(base.people[seat])
        )
        for seat, who in seats.items()
    ]
    people = type(found.roster).of(found.roster.assignments, pl.concat(quotas))
    credits = credit(deals.select(found.deals.columns), people, plans=found.plans).credits
    paid = earn(measure(credits, found.plans), people, plans=found.plans)
    expected = {who: sum(rows["amount"]) for (who,), rows in paid.group_by("participant_id")}
    got = pays(
        Years(
            base, credit(found.deals, found.roster, plans=found.plans).credits, roster=found.roster, plans=found.plans
        ).pay(lots)
    )
    assert {base.people[seat]: pay for _, seat, _, pay in got.iter_rows()} == expected


def test_the_same_seed_gives_the_same_years_however_they_are_taken_together(company: Path) -> None:
    once, twice = simulated(company, 8), simulated(company, 8)
    assert once.years.equals(twice.years)
    assert not once.years.equals(simulated(company, 8, seed=4).years)
    base = once.base
    whole, parts = sample(base, 0, count=6, seed=3), [sample(base, first, count=2, seed=3) for first in (0, 2, 4)]
    assert whole.deals.equals(pl.concat(part.deals for part in parts))


def test_people_are_compared_with_those_of_their_own_year_only(company: Path) -> None:
    found = side(company, "group.yaml")
    base = base_year(found.deals, found.roster, plans=found.plans)
    years = Years(
        base, credit(found.deals, found.roster, plans=found.plans).credits, roster=found.roster, plans=found.plans
    )
    assert years.at_once > 1
    together = pays(years.pay(sample(base, 0, count=years.at_once, seed=3)))
    alone = pl.concat(pays(years.pay(sample(base, year, count=1, seed=3))) for year in range(years.at_once))
    assert together.equals(alone)


def test_the_base_is_the_year_with_most_won_deals_and_teams_draw_among_themselves(company: Path) -> None:
    found = side(company)
    base = base_year(found.deals, found.roster, plans=found.plans)
    assert base.year == 2025
    assert (
        found.deals.filter(pl.col("stage") == "open")["deal_id"].is_in(base.deals["deal_id"].implode()).any() is False
    )
    lots = sample(base, 0, count=50, seed=1)
    manager = dict(found.roster.assignments.select("participant_id", "manager").iter_rows())
    pairs = {(base.people[seat], base.people[who]) for _, seat, who in lots.seats.iter_rows()}
    assert len(pairs) > 50
    assert all(manager[seat] == manager[who] for seat, who in pairs)


def test_winners_and_losers_are_told_on_the_same_years(company: Path) -> None:
    found = simulated(company, 20, against="before.yaml")
    assert found.changes is not None
    assert found.people is not None
    assert found.years_before is not None
    assert sum(found.changes["change"]) == sum(found.years["cost"]) - sum(found.years_before["cost"])
    assert 0 < found.changes.filter(pl.col("change") > 0).height < found.changes.height
    managers = found.people.filter(pl.col("participant_id").is_in(["m0", "m1"]))
    assert managers["change"].to_list() == [0, 0]


def test_bands_sum_to_the_whole(company: Path) -> None:
    table = bands(simulated(company, 10).attained)
    for (_name,), rows in table.group_by("measure"):
        assert sum(rows["share"]) == pytest.approx(1)
        assert sum(rows["share_of_pay"]) == pytest.approx(1)
    assert set(table["measure"]) == {"bookings", "ytd"}


def test_conventions_that_move_nothing_are_told_apart_from_those_that_do(company: Path) -> None:
    moves = {(each.convention, each.other): each for each in simulated(company, 0).conventions}
    assert moves["rounding", "up"].change > 0 > moves["rounding", "down"].change
    assert moves["negative", "nothing"].earnings == 0
    assert not moves["rounding", "up"].said
    assert "order" not in {convention for convention, _ in moves}


OWN_RATE = """
plan: rep
version: VERSION
name: A rate of each one's own
currency: USD
effective_from: FROM
credits: [{rule: own}]
measures: [{measure: sales, sum_of: [own]}, {measure: year, sum_of: [own], reset: year}]
components:
  - {component: c, kind: flat, measure: sales, rate: {term: rate, default: 5%}}
"""
POOL = "  - {component: kitty, kind: pool, amount: 1000, by: year}\n"


@pytest.mark.parametrize(
    ("of_others", "left_out"),
    [
        ("", {("round_on", "deal")}),
        (POOL, {("round_on", "deal"), ("versions", "continue")}),
        ("calendar: {weeks: 4-4-5, first_day: 2025-01-05}\n", {("round_on", "deal"), ("versions", "continue")}),
    ],
)
def test_a_setting_that_the_plans_cannot_have_is_left_out_and_said_so(
    company: Path, of_others: str, left_out: set[tuple[str, str]]
) -> None:
    first, second = (
        OWN_RATE.replace("VERSION", str(number)).replace("FROM", day)
        for number, day in ((1, "2024-01-01"), (2, "2025-05-01"))
    )
    (company / "now.yaml").write_text(f"{first}\n---\n{second.rstrip()}\n{of_others}")
    command = ["simulate", "--plan", str(company / "now.yaml"), "--deals", str(company / "deals.csv")]
    ran = CliRunner().invoke(app, [*command, "--roster", str(company / "roster.csv"), "--years", "0"])
    assert ran.exit_code == 0, ran.output
    found = simulated(company, 0)
    assert {(each.convention, each.other) for each in found.refused} == left_out
    assert not left_out & {(each.convention, each.other) for each in found.conventions}
    for convention, other in left_out:
        assert f"Left out, {convention} {other}: " in ran.output


def test_without_won_deals_there_is_nothing_to_draw_from(company: Path) -> None:
    (company / "deals.csv").write_text("deal_id,owner,amount,close_date,stage\nD1,r0,5,2025-01-01,open\n")
    with pytest.raises(FileError, match="no deal is won"):
        simulated(company, 5)


def test_deals_of_nobody_in_the_roster_are_no_history(company: Path) -> None:
    (company / "deals.csv").write_text("deal_id,owner,amount,close_date,account\nD1,zoe,100,2025-01-15,A1\n")
    with pytest.raises(FileError, match="no won deal has an owner who is in the roster"):
        simulated(company, years=0)


def test_the_fullest_year_is_one_of_deals_that_somebody_in_the_roster_has(company: Path) -> None:
    strangers = [f"X{number},zoe,100,2023-01-15,A1,won," for number in range(1000)]
    deals = company / "deals.csv"
    deals.write_text(deals.read_text() + "\n".join(strangers) + "\n")
    assert simulated(company, years=0).base.year == 2025


def test_a_plan_of_fixed_amounts_alone_has_costs_and_no_attainments(company: Path) -> None:
    bonus = "components: [{component: kicker, kind: bonus, amount: 500, when: attainment(ytd) >= 1%}]\n"
    plan = PLAN[: PLAN.index("components:")] + bonus
    (company / "fixed.yaml").write_text(plan)
    outcome = simulated(company, years=0, plan="fixed.yaml")
    assert outcome.years["cost"].sum() > 0
    assert outcome.attained.is_empty()


def test_the_command_writes_tables_and_charts(company: Path) -> None:
    out = company / "out"
    command = ["simulate", "--plan", str(company / "now.yaml"), "--against", str(company / "before.yaml")]
    command += ["--deals", str(company / "deals.csv"), "--roster", str(company / "roster.csv")]
    ran = CliRunner().invoke(app, [*command, "--years", "12", "--seed", "2", "--out", str(out)])
    assert ran.exit_code == 0, ran.output
    assert "12 years drawn from 2025" in ran.output
    assert {path.name for path in out.iterdir()} == {
        *(f"{name}.csv" for name in ("years", "attainment", "conventions", "people")),
        *(f"{name}.{form}" for name in ("cost", "attainment", "winners") for form in ("svg", "png")),
    }
    assert pl.read_csv(out / "years.csv").height == 12
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    assert ElementTree.fromstring(first["cost.svg"]).tag.endswith("svg")
    assert CliRunner().invoke(app, [*command, "--years", "12", "--seed", "2", "--out", str(out)]).exit_code == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first
