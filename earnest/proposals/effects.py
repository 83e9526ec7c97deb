"""What a draft would have paid over history: cost, who gains and who loses, and figures of the plan, before and after.

The deals are those that were closed, on the days on which they were; what people would do otherwise is in no figure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import fmean
from typing import Final

import numpy as np
import polars as pl

from earnest.files.kernel_inputs import KernelInputs
from earnest.plans.cost_of_change import ALWAYS
from shared.drift.distributions import gini, top_share
from shared.kernel import PlanSet, Roster, credit, measure
from shared.kernel.calendar import ends_window
from shared.kernel.idle_months import earn_every_month
from shared.kernel.plan.version import Plan
from shared.money import from_minor
from shared.periods import month_number, month_of_number

QUANTILES: Final = (0.1, 0.5, 0.9)


@dataclass(frozen=True, kw_only=True)
class Span:
    """The months of history over which is simulated, both included."""

    first: str
    last: str

    def has(self, month: pl.Expr) -> pl.Expr:
        """Whether a month lies in it."""
        return (month >= self.first) & (month <= self.last)

    def won(self, deals: pl.DataFrame, currency: str) -> pl.DataFrame:
        """The deals of a currency that were won in it."""
        month = pl.col("close_date").dt.strftime("%Y-%m")
        return deals.filter(pl.col("stage") == "won", pl.col("currency") == currency, self.has(month))


@dataclass(frozen=True, kw_only=True)
class MonthCost:
    """What a month costs before and after a change, in major units, and of how many people it changes the pay."""

    month: str
    cost_before: Decimal
    cost_after: Decimal
    changed: int


@dataclass(frozen=True, kw_only=True)
class Paid:
    """What a plan set pays over the months of a span: earnings of everybody, and the sales of the months."""

    earned: pl.DataFrame
    sales: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The difference a change would have made. Money in major units of the currency. Who gains, loses or stays the same
    is told of those whom either version pays; the quantiles are of the changes of those whose pay changes.
    """

    span: Span
    currency: str
    cost_before: Decimal
    cost_after: Decimal
    gain: int
    lose: int
    same: int
    change_p10: Decimal
    change_p50: Decimal
    change_p90: Decimal
    figures_before: Mapping[str, float]
    figures_after: Mapping[str, float]
    months: tuple[MonthCost, ...]


def span_of(deals: pl.DataFrame, *, until: date, months: int = 12) -> Span | None:
    """The last complete months before a date, as far as deals are known that were won in them; None where none is."""
    won = deals.filter((pl.col("stage") == "won") & (pl.col("close_date") < until.replace(day=1)))
    if won.is_empty():
        return None
    begun, last = won["close_date"].min(), won["close_date"].max()
    assert isinstance(begun, date)
    assert isinstance(last, date)
    end = month_number(last)
    # Months before the first deal would be paid nothing, and pass for months of a year.
    return Span(first=month_of_number(max(end - months + 1, month_number(begun))), last=month_of_number(end))


def paid(inputs: KernelInputs, versions: Sequence[Plan], *, roster: Roster, span: Span) -> Paid:
    """What everybody earns in the months of a span when these versions, which pay in one currency, had held all the
    time, and all other plans as they did.

    Raises:
        Overflow: a sum is beyond 10^18 minor units.
    """
    names, currency = {version.plan for version in versions}, versions[0].currency
    others = [other for other in inputs.plans if other.plan not in names]
    plans = PlanSet([*others, *(version.model_copy(update={"effective_from": ALWAYS}) for version in versions)])
    credits = credit(inputs.deals, roster, plans=plans).credits
    earned = earn_every_month(measure(credits, plans), roster, plans=plans)
    earned = earned.join(plans.resets, on=["plan", "version", "component"], how="left")
    sold = span.won(inputs.deals, currency)
    return Paid(
        earned=earned.filter(span.has(pl.col("period")), pl.col("currency") == currency),
        sales=int((sold["amount"] - sold["refunded"]).sum()),
        currency=currency,
    )


def both_paid(before: Paid, after: Paid, *by: str) -> pl.DataFrame:
    """`by`, before, after (minor units): what two versions pay, to each participant or otherwise grouped."""
    pay = [each.earned.group_by(by).agg(pl.col("amount").sum()) for each in (before, after)]
    both = (
        pay[0].rename({"amount": "before"}).join(pay[1].rename({"amount": "after"}), on=by, how="full", coalesce=True)
    )
    return both.with_columns(pl.col("before", "after").fill_null(0)).sort(by)


def effect(before: Paid, after: Paid, *, span: Span, people: Collection[str] | None = None) -> Effect:
    """The difference between what two versions pay; figures of some `people` alone where they are named."""
    both = both_paid(before, after, "participant_id")
    change = both["after"] - both["before"]
    paid_by_either = change.filter((both["before"] != 0) | (both["after"] != 0))
    changed = change.filter(change != 0)

    def money(minor: float) -> Decimal:
        return from_minor(round(minor), before.currency)

    p10, p50, p90 = (money(float(changed.quantile(q, "linear") or 0)) for q in QUANTILES)
    return Effect(
        span=span,
        currency=before.currency,
        cost_before=money(int(both["before"].sum())),
        cost_after=money(int(both["after"].sum())),
        gain=int((changed > 0).sum()),
        lose=int((changed < 0).sum()),
        same=len(paid_by_either) - len(changed),
        change_p10=p10,
        change_p50=p50,
        change_p90=p90,
        figures_before=figures(before, people),
        figures_after=figures(after, people),
        months=tuple(_by_month(before, after)),
    )


def _by_month(before: Paid, after: Paid) -> Iterator[MonthCost]:
    months = both_paid(before, after, "period", "participant_id").group_by("period", maintain_order=True)
    for month, cost, other, changed in months.agg(
        pl.col("before", "after").sum(), changed=(pl.col("before") != pl.col("after")).sum()
    ).iter_rows():
        was, now = (from_minor(int(amount), before.currency) for amount in (cost, other))
        yield MonthCost(month=month, cost_before=was, cost_after=now, changed=changed)


def figures(of: Paid, people: Collection[str] | None = None) -> dict[str, float]:
    """KPIs of pay and attainment as they are over the months, by the names that the catalogue has for them.

    Attainment is that of a participant's month by the first component of their plan that has a quota; concentration is
    the mean of the months'. Of some people, there is no cost of sales: others have a part in their deals.
    """
    found: dict[str, float] = {}
    earned = of.earned if people is None else of.earned.filter(pl.col("participant_id").is_in(list(people)))
    if people is None and of.sales > 0:
        found["comp_cost_of_sales"] = int(earned["amount"].sum()) / of.sales
    pay = earned.group_by("period", "participant_id").agg(pl.col("amount").sum()).filter(pl.col("amount") > 0)
    by_month = [month["amount"].to_numpy() for month in pay.partition_by("period", maintain_order=False)]
    if by_month:
        found["payout_gini"] = fmean(map(gini, by_month))
        found["top_tenth_of_payout"] = fmean(map(top_share, by_month))
    months = attained(earned)
    if months.is_empty():
        return found
    measures, quotas, shares = (months[name].cast(pl.Float64).to_numpy() for name in ("measure", "quota", "attainment"))
    p10, median, p90 = map(float, np.quantile(shares, QUANTILES))
    return found | {
        "attainment_pace": float(measures.sum() / quotas.sum()),
        "share_at_quota": float((shares >= 1).mean()),
        "share_below_half": float((shares < 0.5).mean()),
        "share_above_120": float((shares > 1.2).mean()),
        "attainment_p10": p10,
        "attainment_median": median,
        "attainment_p90": p90,
    }


def attained(earned: pl.DataFrame) -> pl.DataFrame:
    """participant_id, plan, period, measure, quota, attainment: a row for each participant's month with which the time
    of a quota ends.
    """
    with_quota = earned.filter(ends_window(pl.col("fiscal"), pl.col("reset")))
    with_quota = with_quota.filter(pl.col("quota") > 0, pl.col("attainment").is_not_null())
    return with_quota.unique(["participant_id", "plan", "period"], keep="first", maintain_order=True)
