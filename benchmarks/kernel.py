"""The kernel against DuckDB: 1,000,000 deals of 10,000 participants through a five-tier plan, from Parquet to earnings
and lines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from benchmarks.rounds import in_turn
from shared.kernel import Plan, PlanSet, Roster, credit, earn, explain, measure
from shared.kernel.tables import DEALS

TIERS = ((50, 300), (100, 525), (120, 775), (160, 1000), (None, 1250))
"""Where each tier ends in percent of quota, and its rate in basis points."""
QUOTA = 750_000
"""In dollars a month."""
ROUNDS = 3


@dataclass(frozen=True)
class KernelFigure:
    """One measured line: what ran, seconds by the clock and of the processor, how many deals, and their total in minor
    units.
    """

    what: str
    seconds: float
    busy: float
    deals: int
    total: int


def plan() -> Plan:
    """Five marginal tiers on attainment."""
    tiers = [{"up_to": end and f"{end}%", "rate": Decimal(points).scaleb(-4)} for end, points in TIERS]
    return Plan.model_validate(
        {
            "plan": "bench",
            "version": 1,
            "name": "Five tiers",
            "currency": "USD",
            "effective_from": date(2025, 1, 1),
            "credits": [{"rule": "own"}],
            "measures": [{"measure": "bookings", "sum_of": ["own"]}],
            "components": [
                {
                    "component": "commission",
                    "kind": "graduated",
                    "measure": "bookings",
                    "on": "attainment",
                    "tiers": tiers,
                }
            ],
        }
    )


def deals(count: int, participants: int) -> pl.DataFrame:
    """Won deals of a quarter, one in twenty a reversal, amounts of 1 to 20,000 in cents; the same every time."""
    # Multiples of primes by the number: spread without a pattern that a tier or a month could show, and without a seed.
    number = pl.int_range(count)
    sign = pl.when(number % 20 == 7).then(-1).otherwise(1)
    made = pl.select(
        deal_id=pl.format("D{}", number),
        stage=pl.lit("won"),
        amount=sign * ((number * 104_729) % 1_999_900 + 100),
        refunded=pl.lit(0),
        currency=pl.lit("USD"),
        close_date=pl.lit(date(2025, 1, 1)) + pl.duration(days=number * 31 % 90),
        owner=pl.format("p{}", (number * 7_919) % participants),
    )
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in DEALS.items() if name not in made.columns]
    return made.with_columns(missing).select(DEALS.names()).cast(DEALS)


def roster(participants: int) -> Roster:
    """Everyone on the plan with the same quota."""
    people = pl.select(
        participant_id=pl.format("p{}", pl.int_range(participants)), effective_from=pl.lit(date(2024, 1, 1))
    )
    assigned = people.with_columns(manager=pl.lit(None, dtype=pl.String), plan=pl.lit("bench"), active=pl.lit(True))
    quotas = people.with_columns(measure=pl.lit("bookings"), quota=pl.lit(str(QUOTA)).cast(pl.Decimal(38, 9)))
    return Roster.of(assigned, quotas)


def run(folder: Path, count: int, participants: int) -> list[KernelFigure]:
    """Measure the kernel and DuckDB on the same Parquet file, in turn."""
    source = folder / "deals.parquet"
    deals(count, participants).write_parquet(source)
    plans, people = PlanSet([plan()]), roster(participants)

    def earnings() -> int:
        credits = credit(pl.read_parquet(source), people, plans=plans).credits
        return int(earn(measure(credits, plans), people, plans=plans)["amount"].sum())

    def lines() -> int:
        credits = credit(pl.read_parquet(source), people, plans=plans).credits
        earn(measure(credits, plans), people, plans=plans)
        return int(explain(credits, people, plans=plans).lines["amount"].sum())

    ways: dict[str, Callable[[], int]] = {
        "kernel: earnings": earnings,
        "DuckDB: earnings": lambda: _duckdb(source, per_deal=False),
        "kernel: earnings and lines with slices": lines,
        "DuckDB: per-deal amounts by window, without slices": lambda: _duckdb(source, per_deal=True),
    }
    # In turn and with the file read anew each time: both begin with Parquet, as an analyst does.
    timed = in_turn(ways, ROUNDS)
    return [
        KernelFigure(what=name, seconds=taken.seconds, busy=taken.busy, deals=count, total=taken.result)
        for name, taken in timed.items()
    ]


def _duckdb(source: Path, per_deal: bool) -> int:
    """The same plan written by hand for DuckDB, in 10^-4 cents, halves rounded away from zero."""
    import duckdb

    # In whole numbers, as the kernel computes: floating point would not be equal to the cent, and so not comparable.
    won = f"(select *, date_trunc('month', close_date) as m from read_parquet('{source}') where stage = 'won')"
    if per_deal:
        window = "sum(amount) over (partition by owner, m order by close_date, deal_id)"
        query = f"select sum({_due('c')} - {_due('(c - a)')}) from (select amount a, {window}::bigint c from {won})"
    else:
        query = f"select sum({_due('c')}) from (select sum(amount)::bigint c from {won} group by owner, m)"
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        return int(connection.execute(query).fetchall()[0][0])


def _due(cents: str) -> str:
    """SQL of the pay in cents for a measure in cents."""
    quota, low, paid = QUOTA * 100, 0, 0
    pieces = []
    for end, points in TIERS:
        pieces.append(f"when {cents} >= {low} then {paid} + {points} * ({cents} - {low})")
        if end is not None:
            high = quota * end // 100
            paid, low = paid + points * (high - low), high
    curve = f"(case {' '.join(reversed(pieces))} else {TIERS[0][1]} * {cents} end)"
    return f"((abs({curve}) + 5000) // 10000 * sign({curve}))"
