"""Counting deals and earnings: the sums are a function of the facts, whatever way the facts took."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, text

from services.alerts.kpis import Catalogue, WatchedKpi, built_in
from services.alerts.kpis.sums import sums_of
from services.alerts.rollups import store
from services.alerts.rollups.contributions import Cell
from services.alerts.rollups.worker import CountingStep
from shared.log.port import Partition, Record, Stored
from shared.log.step import Outcome
from tests.waiting import until

Count = Callable[[Sequence[Stored]], Outcome]
Make = Callable[..., Stored]

MORNING = "2025-03-14T08:00:00.000000Z"
NOON = "2025-03-14T12:00:00.000000Z"
EVENING = "2025-03-14T23:30:00.000000Z"

MARCH_14 = Cell(date(2025, 3, 14), "USD", "", "")
WON = {"stage": "won", "amount": "90.00", "list_amount": "100.00", "currency": "USD", "close_date": "2025-03-14"}
ONE = {
    "average_discount.numerator": 10_000_000,  # in millionths
    "average_discount.denominator": 100_000_000,
    "average_discount.observations": 1,
    "comp_cost_of_sales.denominator": 90_000_000,
    "comp_cost_of_sales.observations": 1,
    "win_rate.numerator": 1,
    "win_rate.denominator": 1,
}


@pytest.fixture
def catalogue(catalogue: Catalogue) -> Catalogue:
    """Three KPIs and a statistic, so that one sees all of their sums."""
    names = ("average_discount", "comp_cost_of_sales", "win_rate", "attainment_median")
    kpis = [catalogue.by_name[name].kpi for name in names]
    return Catalogue(watched=tuple(WatchedKpi(kpi, sums_of(kpi, {})) for kpi in kpis))


def cells(engine: Engine) -> dict[Cell, Any]:
    """All cells with something in them, but for how many people are behind it."""
    with engine.connect() as connection:
        held = store.cells(connection, date(2020, 1, 1), last=date(2030, 12, 31))
        sums = {cell: {key: of_key[key] for key in of_key if ".people@" not in key} for cell, of_key in held}
        return {cell: of_cell for cell, of_cell in sums.items() if of_cell}


def whole(engine: Engine) -> dict[Cell, Any]:
    """Those of the whole company."""
    return {cell: sums for cell, sums in cells(engine).items() if not cell.dimension}


def told(engine: Engine, dimension: str, key: str) -> dict[str, int]:
    """A sum by the segments of a dimension."""
    return {
        cell.segment: sums[key] for cell, sums in cells(engine).items() if cell.dimension == dimension and key in sums
    }


def test_a_won_deal_counts_on_its_close_date(count: Count, deal: Make, alerts_engine: Engine) -> None:
    count([deal("d1", NOON, **WON)])
    assert whole(alerts_engine) == {MARCH_14: ONE}


def test_a_correction_moves_the_deal_to_its_new_date_and_amount(
    count: Count, deal: Make, alerts_engine: Engine
) -> None:
    count([deal("d1", MORNING, **WON)])
    count([deal("d1", NOON, amount="80.00", close_date="2025-04-01")])
    corrected = {"average_discount.numerator": 20_000_000, "comp_cost_of_sales.denominator": 80_000_000}
    assert whole(alerts_engine) == {MARCH_14._replace(day=date(2025, 4, 1)): ONE | corrected}


def test_a_refund_lowers_revenue_but_is_no_discount(count: Count, deal: Make, alerts_engine: Engine) -> None:
    count([deal("d1", MORNING, **WON)])
    count([deal("d1", NOON, **{"refunds.r1": {"amount": "30.00", "date": "2025-05-01"}})])
    assert whole(alerts_engine) == {MARCH_14: ONE | {"comp_cost_of_sales.denominator": 60_000_000}}
    count([deal("d1", EVENING, **{"refunds.r1": None})])
    assert whole(alerts_engine) == {MARCH_14: ONE}


def test_a_deal_without_a_list_price_stays_out_of_the_discount(count: Count, deal: Make, alerts_engine: Engine) -> None:
    count([deal("d1", NOON, **WON | {"list_amount": None})])
    without = {key: value for key, value in ONE.items() if not key.startswith("average_discount")}
    assert whole(alerts_engine) == {MARCH_14: without}


ONLY_WON = {"win_rate.numerator": 1, "win_rate.denominator": 1, "comp_cost_of_sales.observations": 1}


@pytest.mark.parametrize(
    "wrong",
    [{"amount": "90.001"}, {"amount": "ten"}, {"amount": []}, {"refunds.r1": {}}, {"amount": "1e30"}],
)
def test_a_deal_that_cannot_be_represented_exactly_is_won_without_amounts(
    count: Count, deal: Make, alerts_engine: Engine, wrong: dict[str, Any]
) -> None:
    fine = wrong == {"refunds.r1": {}}  # an entry that was cleared to nothing is none
    count([deal("d1", NOON, **WON | wrong)])
    assert whole(alerts_engine) == {MARCH_14: ONE if fine else ONLY_WON}


def test_a_currency_that_is_none_leaves_a_deal_without_amounts(count: Count, deal: Make, alerts_engine: Engine) -> None:
    count([deal("d1", NOON, **WON | {"currency": "USDT"})])
    assert whole(alerts_engine) == {MARCH_14._replace(currency="USDT"): ONLY_WON}


def test_a_cancelled_deal_counts_nowhere(count: Count, deal: Make, alerts_engine: Engine) -> None:
    count([deal("d1", MORNING, **WON)])
    count([deal("d1", NOON, stage="cancelled")])
    assert cells(alerts_engine) == {}


def test_the_latest_instant_is_kept_also_of_patches_that_change_no_sum(
    count: Count, deal: Make, alerts_engine: Engine
) -> None:
    count([deal("d1", EVENING, account="acme"), deal("d2", MORNING, stage="open")])
    count([deal("d3", NOON, stage="open")])
    with alerts_engine.connect() as connection:
        assert store.latest(connection) == EVENING


def test_a_patch_without_a_field_of_interest_keeps_no_row(count: Count, deal: Make, alerts_engine: Engine) -> None:
    count([deal("d1", NOON, account="acme", **{"payments.p1": {"amount": "1.00", "date": "2025-04-01"}})])
    with alerts_engine.connect() as connection:
        assert connection.execute(text("select count(*) from deal")).scalar() == 0


def test_a_deal_counts_in_its_own_segments_and_in_those_of_its_owner_on_its_day(
    count: Count, deal: Make, assigned: Make, alerts_engine: Engine
) -> None:
    count([assigned("ada", "2025-01-01", plan="rep", manager="bob"), assigned("ada", "2025-03-15", plan="senior")])
    count([deal("d1", NOON, **WON, owner="ada", product="P1"), deal("d2", NOON, **WON, owner="nobody")])
    count([deal("d3", NOON, **WON | {"close_date": "2025-03-15"}, owner="ada", product="P1")])
    assert told(alerts_engine, "product", "win_rate.numerator") == {"P1": 2, "": 1}
    assert told(alerts_engine, "plan", "win_rate.numerator") == {"rep": 1, "": 1, "senior": 1}


def test_a_change_of_the_roster_moves_the_deals_and_months_of_that_participant_alone(
    count: Count, deal: Make, earned: Make, assigned: Make, alerts_engine: Engine
) -> None:
    count([assigned("ada", "2025-01-01", plan="rep", territory="north"), assigned("bob", "2025-01-01", plan="rep")])
    count([deal("d1", NOON, **WON, owner="ada"), deal("d2", NOON, **WON, owner="bob")])
    count([earned("ada", "2025-03", 1, (500, 9 * 10**9, 10**10, "USD"))])
    assert told(alerts_engine, "plan", "win_rate.numerator") == {"rep": 2}
    assert told(alerts_engine, "territory", "attainment_median.value@900000") == {"north": 1}
    count([assigned("ada", "2025-01-01", at=MORNING, plan="senior", territory="south")])
    assert told(alerts_engine, "plan", "win_rate.numerator") == {"rep": 1, "senior": 1}
    assert told(alerts_engine, "territory", "attainment_median.value@900000") == {"south": 1}


def test_an_owner_is_known_by_the_names_of_other_systems(
    count: Count, deal: Make, assigned: Make, alerts_engine: Engine
) -> None:
    count([deal("d1", NOON, **WON, owner="Ada@Firm.com"), deal("d2", NOON, **WON, owner="crm-7")])
    assert told(alerts_engine, "plan", "win_rate.numerator") == {"": 2}
    count([assigned("ada", "2025-01-01", plan="rep", alias__mail="ada@firm.com", alias__crm="crm-7")])
    assert told(alerts_engine, "plan", "win_rate.numerator") == {"rep": 2}
    count([assigned("bob", "2025-01-01", plan="rep", alias__crm="crm-7")])  # now it means two
    assert told(alerts_engine, "plan", "win_rate.numerator") == {"rep": 1, "": 1}


def test_of_a_split_deal_the_owner_is_who_has_the_largest_part(
    count: Count, deal: Make, assigned: Make, alerts_engine: Engine
) -> None:
    count([assigned("ada", "2025-01-01", plan="rep"), assigned("bob", "2025-01-01", plan="senior")])
    count([deal("d1", NOON, **WON, owner="ada", splits={"ada": "30", "bob": "70"})])
    assert told(alerts_engine, "plan", "win_rate.numerator") == {"senior": 1}


@pytest.mark.parametrize("first", ["deal", "roster"])
def test_a_deal_and_a_change_of_its_owner_never_pass_each_other(
    count: Count, deal: Make, assigned: Make, alerts_engine: Engine, catalogue: Catalogue, first: str
) -> None:
    """Two processes count them at once: the second waits for the first, and sees what it did."""
    count([assigned("ada", "2025-01-01", plan="rep")])
    records = {
        "deal": deal("d1", NOON, **WON, owner="ada"),
        "roster": assigned("ada", "2025-01-01", MORNING, plan="new"),
    }
    step = CountingStep(catalogue)
    other = threading.Thread(target=count, args=([records["roster" if first == "deal" else "deal"]],))
    with alerts_engine.begin() as connection:
        step(connection, [records[first]])
        other.start()
        with alerts_engine.connect() as looking:
            waits = text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
            until(lambda: looking.execute(waits).scalar() == 1)
    other.join()
    assert told(alerts_engine, "plan", "win_rate.numerator") == {"new": 1}


def test_segments_are_kept_by_what_a_week_has_in_common_with_its_month(
    count: Count, deal: Make, alerts_engine: Engine
) -> None:
    days = {
        "2025-03-28": "2025-03-24",
        "2025-03-31": "2025-03-31",
        "2025-04-01": "2025-04-01",
        "2025-04-06": "2025-04-01",
    }
    count([deal(day, NOON, **WON | {"close_date": day}, product="P") for day in days])
    of_product = {
        cell.day: sums["win_rate.numerator"] for cell, sums in cells(alerts_engine).items() if cell.segment == "P"
    }
    assert of_product == {date(2025, 3, 24): 1, date(2025, 3, 31): 1, date(2025, 4, 1): 2}
    assert {cell.day.isoformat() for cell in whole(alerts_engine)} == set(days)


def run_of(revision: int, state: str, adjustments: int, adjusted: int) -> Stored:
    amounts = {"participants": 40, "paid": 1_000_000, "adjusted": adjusted, "corrected": 0, "clawed_back": 0}
    message = {
        "run_id": "r1",
        "revision": revision,
        "kind": "regular",
        "pay_group": "monthly",
        "pay_period": "2025-03",
        "starts": "2025-03-01",
        "ends": "2025-03-31",
        "pay_date": "2025-04-10",
        "state": state,
        "statements": 50,
        "adjustments": adjustments,
        "corrections": 0,
        "clawbacks": 0,
        "amounts": [{"currency": "USD", **amounts}, {"currency": "EUR", **amounts, "participants": 10}],
        "batches": [],
    }
    return Stored(Partition("runs", 0), 0, Record("r1", orjson.dumps(message)), 0.0)


def test_a_run_counts_once_it_is_approved_and_its_statements_stand_with_one_currency(
    alerts_engine: Engine,
) -> None:
    kpis = [built_in().by_name[name].kpi for name in ("adjustments_per_100", "payout_accuracy")]
    step = CountingStep(Catalogue(watched=tuple(WatchedKpi(kpi, sums_of(kpi, {})) for kpi in kpis)))

    def sums() -> dict[str, Any]:
        return {cell.currency: held for cell, held in whole(alerts_engine).items()}

    def counted(*runs: Stored) -> dict[str, Any]:
        with alerts_engine.begin() as connection:
            assert not step(connection, runs).rejections
        return sums()

    assert counted(run_of(3, "calculated", 2, 5_000)) == {}
    paid = {"payout_accuracy.denominator": 10_000 * 10**6, "payout_accuracy.observations": 40}
    statements = {"adjustments_per_100.denominator": 50, "adjustments_per_100.observations": 50}
    exact = {"payout_accuracy.numerator": 9_950 * 10**6, "adjustments_per_100.numerator": 2}
    assert counted(run_of(5, "approved", 2, 5_000), run_of(4, "submitted", 9, 9)) == {
        "USD": paid | statements | exact,
        "EUR": paid | {"payout_accuracy.observations": 10, "payout_accuracy.numerator": 9_950 * 10**6},
    }
    assert counted(run_of(2, "approved", 9, 9)) == sums()
    assert counted(run_of(6, "cancelled", 2, 5_000)) == {}


def test_what_a_run_costs_is_counted_against_what_the_plans_earn_where_runs_say_so(alerts_engine: Engine) -> None:
    kpi = built_in().by_name["cost_against_plan"].kpi
    step = CountingStep(Catalogue(watched=(WatchedKpi(kpi, sums_of(kpi, {})),)))
    before = run_of(1, "approved", 0, 0)  # as it was published before runs said it
    message = orjson.loads(before.record.value or b"")
    told = [amounts | {"earned": 900_000, "cost": 1_020_000} for amounts in message["amounts"]]
    record = Record("r2", orjson.dumps(message | {"run_id": "r2", "amounts": told[:1]}))
    with alerts_engine.begin() as connection:
        assert not step(connection, [before, Stored(Partition("runs", 0), 1, record, 0.0)]).rejections
    assert list(whole(alerts_engine).values()) == [
        {
            "cost_against_plan.numerator": 10_200 * 10**6,
            "cost_against_plan.denominator": 9_000 * 10**6,
            "cost_against_plan.observations": 40,
        }
    ]


def test_only_the_latest_revision_of_an_earning_counts(count: Count, earned: Make, alerts_engine: Engine) -> None:
    half, full = (500, 5 * 10**9, 10**10, "USD"), (1, 10**10, 10**10, "USD")
    march = Cell(date(2025, 3, 1), "USD", "", "")
    count([earned("ada", "2025-03", 2, half), earned("ada", "2025-03", 1, full)])
    count([earned("ada", "2025-03", 1, full), earned("bob", "2025-03", 1, half)])
    assert whole(alerts_engine) == {
        march: {"comp_cost_of_sales.numerator": 10_000_000, "attainment_median.value@500000": 2}
    }
    count([earned("ada", "2025-03", 3)])
    assert whole(alerts_engine) == {
        march: {"comp_cost_of_sales.numerator": 5_000_000, "attainment_median.value@500000": 1}
    }


def test_a_component_without_a_quota_adds_its_amount_but_no_measure(
    count: Count, earned: Make, alerts_engine: Engine
) -> None:
    count([earned("ada", "2025-03", 1, (500, 9000, 10000, "USD"), (20, 70000, None, "USD"), (9, 8, None, "EUR"))])
    assert whole(alerts_engine) == {
        Cell(date(2025, 3, 1), "USD", "", ""): {
            "comp_cost_of_sales.numerator": 5_200_000,
            "attainment_median.value@900000": 1,
        },
        Cell(date(2025, 3, 1), "EUR", "", ""): {"comp_cost_of_sales.numerator": 90_000},
    }


def test_what_cannot_be_read_is_rejected_without_repeating_its_values(
    count: Count, deal: Make, alerts_engine: Engine
) -> None:
    secret = Stored(Partition("earnings", 0), 5, Record("ada", b'{"participant_id": "ada", "amount": 123456}'), 0.0)
    outcome = count([Stored(Partition("deals", 0), 4, Record("d9", None), 0.0), secret, deal("d1", NOON, **WON)])
    assert [(rejection.stored.position, rejection.code) for rejection in outcome.rejections] == [
        (4, "malformed"),
        (5, "malformed"),
    ]
    assert "123456" not in outcome.rejections[1].message
    assert whole(alerts_engine) == {MARCH_14: ONE}
