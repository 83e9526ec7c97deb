"""What simulated years say: the distribution of cost, bands of attainment, and who wins and loses against another plan.

Sums of money are exact; averages and quantiles are statistics, floating-point numbers in major units, and never paid.
"""

from __future__ import annotations

from itertools import pairwise

import polars as pl

from shared.kernel import PlanSet
from shared.kernel.calendar import window_of

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BANDS = (0, 25, 50, 75, 100, 125, 150, 200)
"""Where bands of attainment begin, in percent of quota; the last is open."""
_PERSON = ["year", "seat", "who"]


def costs(earned: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """year, sales, cost (minor units) and share of each year; `sales` has year and net."""
    cost = earned.group_by("year").agg(cost=pl.col("amount").sum())
    sold = sales.group_by("year").agg(sales=pl.col("net").sum())
    both = sold.join(cost, on="year", how="left").with_columns(pl.col("cost").fill_null(0))
    return (
        both.with_columns(share=pl.col("cost") / pl.col("sales")).sort("year").select("year", "sales", "cost", "share")
    )


def distribution(values: pl.Series) -> dict[str, float]:
    """Mean, deviation, least, quantiles and most of some numbers."""
    numbers = values.cast(pl.Float64).drop_nulls().drop_nans()
    figures: dict[str, float] = {"mean": _number(numbers.mean()), "deviation": _number(numbers.std() or 0)}
    figures["least"] = _number(numbers.min())
    figures |= {f"p{int(100 * q)}": _number(numbers.quantile(q, "linear")) for q in QUANTILES}
    return figures | {"most": _number(numbers.max())}


def pays(earned: pl.DataFrame) -> pl.DataFrame:
    """Everyone's pay of a year: year, seat, who, pay (minor units)."""
    return earned.group_by(_PERSON).agg(pay=pl.col("amount").sum()).sort(_PERSON)


def attainments(earned: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """measure, percent (of quota), pay and who: one row per person and window of every measure that has a quota.

    A measure that several components pay counts once; what they pay for it is summed.
    """
    of = [
        (plan.plan, plan.version, c.component, name)
        for plan in plans
        for c in plan.components
        if (name := c.main_measure()) is not None
    ]
    component = {name: earned.schema[name] for name in ("plan", "version", "component")}
    named = pl.DataFrame(of, schema=component | {"of": pl.String}, orient="row")
    # Each measure once for a person and window, however many components pay it: else it would weigh as often.
    rows = earned.join(named, on=["plan", "version", "component"]).drop_nulls("attainment")
    of_person = rows.group_by(*_PERSON, "plan", "version", "of", "period", "fiscal").agg(
        pl.col("attainment").last(), pay=pl.col("amount").sum()
    )
    windows = [
        _last_of_windows(of_person.filter(pl.col("of") == name), name, plans=plans) for name in sorted(set(named["of"]))
    ]
    return pl.concat(windows) if windows else of_person.select("of", "pay", "who", percent=pl.lit(0.0)).clear()


def _last_of_windows(rows: pl.DataFrame, name: str, *, plans: PlanSet) -> pl.DataFrame:
    reset = next(measure.reset for plan in plans if (measure := plan.measure(name)) is not None)
    window = window_of(pl.col("fiscal"), reset)
    last = (
        rows.with_columns(window=window)
        .sort("fiscal", "period")
        .group_by(*_PERSON, "plan", "version", "of", "window")
        .agg(pl.col("attainment").last(), pl.col("pay").sum())
    )
    return last.select("of", "pay", "who", percent=100 * pl.col("attainment").cast(pl.Float64))


def bands(attained: pl.DataFrame) -> pl.DataFrame:
    """measure, band, share (of people and windows) and share_of_pay."""
    labels = [f"{low}-{high}%" for low, high in pairwise(BANDS)]
    labels = [f"below {BANDS[0]}%", *labels, f"{BANDS[-1]}% and more"]
    # How many bounds are reached is the number of the band, without a join.
    place = pl.sum_horizontal((pl.col("percent") >= low).cast(pl.Int64) for low in BANDS)
    placed = attained.with_columns(place=place)
    counted = placed.group_by("of", "place").agg(count=pl.len(), pay=pl.col("pay").sum())
    names = pl.DataFrame({"place": range(len(labels)), "band": labels}, schema_overrides={"place": pl.Int64})
    whole = pl.DataFrame({"of": sorted(set(attained["of"]))}, schema={"of": pl.String}).join(names, how="cross")
    full = whole.join(counted, on=["of", "place"], how="left").with_columns(pl.col("count", "pay").fill_null(0))
    return (
        full.with_columns(
            share=pl.col("count") / pl.col("count").sum().over("of"),
            share_of_pay=pl.col("pay") / pl.col("pay").sum().over("of"),
        )
        .sort("of", "place")
        .select("of", "band", "share", "share_of_pay")
        .rename({"of": "measure"})
        .filter((pl.col("band") != labels[0]) | (pl.col("share") > 0))
    )


def moved(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """year, seat, who, before, now and change (minor units) of everyone whom either plan pays."""
    old = before.rename({"pay": "before"})
    both = now.rename({"pay": "now"}).join(old, on=_PERSON, how="full", coalesce=True)
    return (
        both.with_columns(pl.col("before", "now").fill_null(0))
        .with_columns(change=pl.col("now") - pl.col("before"))
        .sort(_PERSON)
    )


def by_person(changes: pl.DataFrame, people: list[str]) -> pl.DataFrame:
    """participant_id, then per year as that person: average pay before, now, change, and the share of years that are
    won and lost."""
    names = pl.DataFrame({"who": range(len(people)), "participant_id": people}, schema_overrides={"who": pl.Int64})
    return (
        changes.group_by("who")
        .agg(
            pl.col("before", "now", "change").mean(),
            won=(pl.col("change") > 0).mean(),
            lost=(pl.col("change") < 0).mean(),
        )
        .join(names, on="who")
        .sort("change", "participant_id")
        .select("participant_id", "before", "now", "change", "won", "lost")
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
