"""The plan of the benchmark written by hand in SQL for DuckDB, in whole numbers, every amount rounded with halves away
from zero.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import polars as pl

MONTHLY, QUARTERLY = 750_000_00, 900_000_00
"""The quotas, in cents."""


def earnings_in_sql(source: Path) -> pl.DataFrame:
    """participant_id, month, component and amount (cents), in that order."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        earnings = pl.DataFrame(connection.sql(_QUERY.replace("SOURCE", str(source))))
    return earnings.cast({"amount": pl.Int64}).sort(pl.all())


def _half_up(top: str, bottom: int) -> str:
    return f"(((2 * abs({top}) + {bottom}) // {2 * bottom}) * sign({top}))::bigint"


def _marginal(value: str, quota: int) -> str:
    """Ten-thousandths of cents by marginal tiers: the end of each in percent of quota, and its rate in basis points."""
    tiers = ((20, 300), (40, 525), (60, 775), (80, 1000), (None, 1250))
    parts, low = [], None
    for end, rate in tiers:
        high = None if end is None else quota * end // 100
        inside = value if high is None else f"least({value}, {high})"
        parts.append(f"{rate} * " + (inside if low is None else f"greatest({inside} - {low}, 0)"))
        low = high
    return f"({' + '.join(parts)})"


def _on_lines(value: str, quota: int, target: int) -> str:
    """The target (cents) by attainment on straight lines between points, both in percent; rounded."""
    points = ((50, 0), (80, 50), (100, 100), (150, 250))
    cases = [f"when 100 * {value} <= {points[0][0] * quota} then {target * points[0][1] // 100}"]
    for (start, low), (end, high) in pairwise(points):
        run, rise = (end - start) * quota, high - low
        top = f"{target // 100} * ({low * run} + {rise} * (100 * {value} - {start * quota}))"
        cases.append(f"when 100 * {value} <= {end * quota} then {_half_up(f'({top})', run)}")
    return f"case {' '.join(cases)} else {target * points[-1][1] // 100} end"


_SLAB = "amount * case when amount <= 500000 then 25 when amount <= 1500000 then 50 else 75 end"
_WHOLE = "services * case when services <= 5000000 then 200 when services <= 10000000 then 300 else 450 end"
_BAND = "case when deals <= 25 then {} when deals <= 35 then {} else {} end"
_MATRIX = f"""case
    when 100 * bookings <= {30 * MONTHLY} then {_BAND.format(0, 10000, 15000)}
    when 100 * bookings <= {50 * MONTHLY} then {_BAND.format(20000, 30000, 40000)}
    else {_BAND.format(50000, 75000, 100000)} end"""
_QUERY = f"""
with won as (
    select owner, strftime(date_trunc('month', close_date), '%Y-%m') as month, quarter(close_date) as quarter,
           year(close_date) as year, amount - refunded as amount, product = 'services' as is_services
    from read_parquet('SOURCE') where stage = 'won'
), months as (
    select owner, month, any_value(year) as year, any_value(quarter) as quarter, sum(amount)::bigint as bookings,
           count(*) as deals, coalesce(sum(amount) filter (is_services), 0)::bigint as services,
           sum({_half_up(_SLAB, 10000)})::bigint as size
    from won group by owner, month
), cumulated as (
    select *, sum(bookings) over (partition by owner, year, quarter order by month)::bigint as quarterly from months
), due as (
    select *, ({_on_lines("quarterly", QUARTERLY, 6_000_00)})::bigint as target_due from cumulated
), paid as (
    select owner as participant_id, month as period,
           {_half_up("(bookings * 25)", 10000)} as base,
           {_half_up(_marginal("bookings", MONTHLY), 10000)} as commission,
           {_half_up(f"({_WHOLE})", 10000)} as services,
           (target_due - lag(target_due, 1, 0)
               over (partition by owner, year, quarter order by month))::bigint as target,
           size::bigint as size,
           ({_MATRIX})::bigint as matrix
    from due
)
unpivot paid on base, commission, services, target, size, matrix into name component value amount
"""
