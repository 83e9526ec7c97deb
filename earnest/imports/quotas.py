"""Quotas from history, where a company has none in its files."""

from __future__ import annotations

from typing import Final

import polars as pl

from earnest.imports.mapping_file import QuotaRule

_EXACT: Final = pl.Decimal(38, 12)


def with_quotas(roster: pl.DataFrame, deals: pl.DataFrame, *, rule: QuotaRule) -> tuple[pl.DataFrame, list[str]]:
    """The roster with the monthly quota of everyone on the rule's plan, or of all where it names none; and of which
    territories nothing is left of the quota when it is rounded.

    Per territory: the value won in its first `months` months with wins, divided by those months and by the members who
    won anything in them, to the nearest amount. A territory where nobody won has no quota.
    """
    of_plan = roster if rule.plan is None else roster.filter(pl.col("plan") == rule.plan)
    place = roster.select("participant_id", "territory").unique("participant_id", keep="last")
    won = (
        deals.filter(pl.col("stage").fill_null("won") == "won" if "stage" in deals.columns else pl.lit(True))
        .select("owner", month=pl.col("close_date").str.slice(0, 7), amount=pl.col("amount").cast(_EXACT, strict=False))
        .drop_nulls()
        .join(place, left_on="owner", right_on="participant_id", how="inner")
    )
    first = won.filter(pl.col("month").rank("dense").over("territory") <= rule.months)
    # Over whoever won anything: a list of people who never sell would make everybody's quota small.
    sums = first.group_by("territory").agg(
        pl.col("amount").sum(),
        share=pl.col("month").n_unique() * pl.col("owner").n_unique(),
    )
    averages = {territory: amount / share for territory, amount, share in sums.sort("territory").iter_rows()}
    quotas = {
        territory: str(int((average / rule.nearest).quantize(1, "ROUND_HALF_UP")) * rule.nearest)
        for territory, average in averages.items()
    }
    remarks = [
        f"the quota of {rule.measure} in territory {territory} is 0: its average is {average:,.2f}, and the nearest "
        f"multiple of {rule.nearest:,} is 0; write a smaller `nearest` in `quotas`"
        for territory, average in averages.items()
        if quotas[territory] == "0"
    ]
    name = f"quota.{rule.measure}"
    theirs = of_plan.select(
        "participant_id",
        pl.col("territory").replace_strict(quotas, default=None, return_dtype=pl.String).alias("@quota"),
    ).unique("participant_id", keep="last")
    joined = roster.join(theirs, on="participant_id", how="left", maintain_order="left")
    said = pl.col(name) if name in roster.columns else pl.lit(None, dtype=pl.String)
    on_plan = pl.lit(True) if rule.plan is None else pl.col("plan") == rule.plan
    quota = pl.coalesce(said, pl.when(on_plan).then("@quota"))
    return joined.with_columns(quota.alias(name)).drop("@quota"), remarks
