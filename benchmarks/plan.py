"""A plan of six kinds of components over 1,000,000 deals, beside the same plan in SQL for DuckDB and its rate table in
zen-engine.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import polars as pl

from benchmarks import rules_engine
from benchmarks.kernel import deals, roster
from benchmarks.plan_sql import earnings_in_sql
from benchmarks.rounds import Timed, in_turn
from shared.kernel import PlanSet, credit, earn, measure
from shared.kernel.plan.plan_file import read_plan

PLAN = """
plan: bench
version: 1
name: Six kinds
currency: USD
effective_from: 2025-01-01
credits:
  - {rule: own}
  - {rule: services, when: "stage = 'won' and product = 'services'"}
measures:
  - {measure: bookings, sum_of: [own]}
  - {measure: services, sum_of: [services]}
  - {measure: quarterly, sum_of: [own], reset: quarter, quota: {default: 900000}}
  - {measure: deals, count_of: [own]}
components:
  - {component: base, kind: flat, measure: bookings, rate: 0.25%}
  - component: commission
    kind: graduated
    measure: bookings
    on: attainment
    tiers:
      - {up_to: 20%, rate: 3%}
      - {up_to: 40%, rate: 5.25%}
      - {up_to: 60%, rate: 7.75%}
      - {up_to: 80%, rate: 10%}
      - {rate: 12.5%}
  - component: services
    kind: whole
    measure: services
    tiers: [{up_to: 50000, rate: 2%}, {up_to: 100000, rate: 3%}, {rate: 4.5%}]
  - component: target
    kind: curve
    measure: quarterly
    target: 6000
    points: [{at: 50%, gives: 0%}, {at: 80%, gives: 50%}, {at: 100%, gives: 100%}, {at: 150%, gives: 250%}]
  - component: size
    kind: slab
    measure: bookings
    tiers: [{up_to: 5000, rate: 0.25%}, {up_to: 15000, rate: 0.5%}, {rate: 0.75%}]
  - component: matrix
    kind: table
    axes: [{attainment: bookings, up_to: [30%, 50%]}, {amount: deals, up_to: [25, 35]}]
    values: [[0, 100, 150], [200, 300, 400], [500, 750, 1000]]
"""
ROUNDS = 5


class Disagreement(Exception):
    """Two calculations of the same plan are not the same to the cent."""


@dataclass(frozen=True)
class PlanFigures:
    """Both ways, the bytes that the kernel had at most, and deals a second by the rate table alone."""

    kernel: Timed[pl.DataFrame]
    duckdb: Timed[pl.DataFrame]
    peak_bytes: int
    by_kernel: float
    by_zen: float


def plans() -> PlanSet:
    """The plan above."""
    return PlanSet([read_plan(PLAN, "bench.yaml")])


def run(folder: Path, count: int, participants: int, sample: int = 50_000) -> PlanFigures:
    """Measure all of it.

    Raises:
        Disagreement: two ways do not pay the same to the cent.
    """
    source = folder / "deals.parquet"
    peak = _apart(source, count, participants)
    ways = {"kernel": lambda: earnings(source, participants), "duckdb": lambda: earnings_in_sql(source)}
    timed = in_turn(ways, ROUNDS)
    ours, theirs = timed["kernel"], timed["duckdb"]
    # A ratio between two calculations that do not pay the same says nothing.
    if not ours.result.equals(theirs.result):
        raise Disagreement("the kernel and DuckDB do not pay the same")
    rated = rules_engine.rates(pl.read_parquet(source)["amount"], next(iter(plans())), sample)
    if not rated.same:
        raise Disagreement("the kernel and zen-engine do not pay the same")
    return PlanFigures(kernel=ours, duckdb=theirs, peak_bytes=peak, by_kernel=rated.by_kernel, by_zen=rated.by_zen)


def earnings(source: Path, participants: int) -> pl.DataFrame:
    """participant_id, month, component and amount (minor units), in that order, from the kernel."""
    versions, people = plans(), roster(participants)
    credits = credit(pl.read_parquet(source), people, plans=versions).credits
    earned = earn(measure(credits, versions), people, plans=versions)
    return earned.select("participant_id", "period", "component", "amount").sort(pl.all())


def _apart(source: Path, count: int, participants: int) -> int:
    """Write the deals in a process of their own, and say how many bytes another that computes their pay has at most."""
    # Of a process the system tells only the most memory that it ever had: writing the deals would be part of it.
    for work in (write_deals, _peak):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            peak = process.submit(work, source, count, participants).result()
    return peak


def write_deals(source: Path, count: int, participants: int) -> int:
    """Write the deals, one in three of them services, as Parquet."""
    product = pl.when(pl.int_range(pl.len()) % 3 == 1).then(pl.lit("services")).otherwise(pl.lit("licence"))
    deals(count, participants).with_columns(product=product).write_parquet(source)
    return count


def _peak(source: Path, count: int, participants: int) -> int:  # noqa: ARG001 (both are called alike)
    earnings(source, participants)
    return getrusage(RUSAGE_SELF).ru_maxrss * 1024  # Linux counts it in kilobytes (getrusage(2))
