"""The estimator: what somebody would earn if open deals closed. It is the calculation itself, on the deals as they
would be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from earnest.files.kernel_inputs import KernelInputs, check_in_roster
from earnest.files.rejections import FileError
from earnest.simulation.used_up import used_up
from shared.kernel import credit, measure
from shared.kernel.idle_months import Months, earn_every_month

_EARNING = ["period", "component", "currency"]


@dataclass(frozen=True)
class Estimate:
    """period, component, currency, now, then and change (minor units) of each earning that is or would be; `credits`
    that are new; `used_up`, the budgets of which these leave nothing."""

    earnings: pl.DataFrame
    credits: pl.DataFrame
    used_up: list[str]


def closings(texts: list[str]) -> dict[str, date | None]:
    """`D1,D2:2025-03-31` as deal -> close date, None for the one the deal expects.

    Raises:
        FileError: a date is none.
    """
    days: dict[str, date | None] = {}
    for text in map(str.strip, ",".join(texts).split(",")):
        # From the right, and only where a date follows: a deal's id may have colons of its own.
        deal, colon, day = text.rpartition(":")
        dated = bool(colon) and _is_dated(day)
        try:
            days[deal if dated else text] = date.fromisoformat(day) if dated else None
        except ValueError:
            raise FileError(f"--close {text}: {day} is no date") from None
    return {deal: day for deal, day in days.items() if deal}


def _is_dated(text: str) -> bool:
    return len(text) == len("2025-03-31") and text[4] == text[7] == "-" and text.replace("-", "").isdigit()


def estimate(inputs: KernelInputs, participant: str, *, closing: Mapping[str, date | None]) -> Estimate:
    """What a participant earns now, and would if these deals were won on these dates.

    Raises:
        FileError: a deal is not there or has no date, or nobody of that name is in the roster.
        Overflow: a sum is beyond 10^18 minor units.
    """
    check_in_roster(inputs, participant)
    would_be = with_closed(inputs, closing)
    credited = [credit(each.deals, inputs.roster, plans=inputs.plans).credits for each in (inputs, would_be)]
    measures = [measure(each, inputs.plans) for each in credited]
    # The same months now and then: what is paid in a month without a deal is nothing that a deal would bring.
    months = Months.of(pl.concat(measures), inputs.plans)
    earned = [earn_every_month(each, inputs.roster, plans=inputs.plans, months=months) for each in measures]
    calculated = list(zip(credited, earned, strict=True))
    (credits, now), (new_credits, then) = (_only(participant, of=each) for each in calculated)
    # Everything is calculated twice, for everyone, and subtracted: what one more deal pays depends on tiers, quotas and
    # everyone else, and only the whole calculation knows.
    both = now.rename({"amount": "now"}).join(then.rename({"amount": "then"}), on=_EARNING, how="full", coalesce=True)
    filled = both.with_columns(pl.col("now", "then").fill_null(0))
    earnings = filled.with_columns(change=pl.col("then") - pl.col("now")).sort(_EARNING)
    new = new_credits.join(credits, on=["deal_id", "rule", "period", "amount"], how="anti")
    new = new.sort("credit_date", "deal_id", "rule")
    versions = new.group_by("plan", "version", maintain_order=True).agg(pl.col("credit_date").max()).iter_rows()
    by_key = {(each.plan, each.version): each for each in inputs.plans}
    budgets = [
        said
        for plan, version, day in versions
        for said in used_up(by_key[plan, version], calculated[1][1], participant=participant, day=day)
    ]
    return Estimate(earnings, new, budgets)


def with_closed(inputs: KernelInputs, closing: Mapping[str, date | None]) -> KernelInputs:
    """The same with these deals won on these dates.

    Raises:
        FileError: a deal is not there or has no date.
    """
    return replace(inputs, deals=_closed(inputs.deals, closing))


def _closed(deals: pl.DataFrame, closing: Mapping[str, date | None]) -> pl.DataFrame:
    """The deals as they would be."""
    if missing := sorted(set(closing) - set(deals["deal_id"])):
        raise FileError(f"there is no deal {', '.join(missing)}")
    days = pl.DataFrame(
        [(deal, day) for deal, day in closing.items()], schema={"deal_id": pl.String, "on": pl.Date}, orient="row"
    )
    joined = deals.join(days.with_columns(closes=pl.lit(value=True)), on="deal_id", how="left", maintain_order="left")
    closes = pl.col("closes").fill_null(value=False)
    closed = joined.with_columns(
        stage=pl.when(closes).then(pl.lit("won")).otherwise("stage"),
        close_date=pl.coalesce("on", "close_date"),
    )
    if dateless := closed.filter(closes & pl.col("close_date").is_null())["deal_id"].sort().to_list():
        raise FileError(f"{', '.join(dateless)}: no close date is known; say {dateless[0]}:2025-03-31")
    return closed.drop("on", "closes")


def _only(participant: str, *, of: tuple[pl.DataFrame, pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    credits, earned = of
    theirs = pl.col("participant_id") == participant
    return credits.filter(theirs), earned.filter(theirs).group_by(_EARNING).agg(pl.col("amount").sum())
