"""Pay of others: what people below a participant are paid, credited to whoever is paid on it.

    earnings of a plan --managers_above--> credits of managers --earn--> earnings of the managers' plan

Such a credit is one of a person instead of a deal, by a rule `pay_of:<measure>`, so that windows, tiers and lines know
no difference. It is dated on the last day of the segment that it was earned in: who is manager then is credited, under
the plan version in force then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from shared.kernel.arithmetic.expressions import narrow, wide
from shared.kernel.calendar import end_of_segment, fiscal_of, month_of
from shared.kernel.credit import assigned, managers_above
from shared.kernel.crediting.exchange import exchanged
from shared.kernel.language.measures import PAY_OF, PayOf
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster
from shared.kernel.tables import CREDITS, EVENT, MEASURES

PAY_CREDITS: Final = pl.Schema({**CREDITS, "earned_by": pl.String()})
"""`CREDITS` of what somebody was paid (`earned_by`), without a deal."""


def pay_credits(earned: pl.DataFrame, roster: Roster, *, plans: PlanSet) -> pl.DataFrame:
    """The `PAY_CREDITS` of everyone who is paid on the pay of others, in order.

    Args:
        earned: `EARNINGS` of everyone whose pay may count.
        roster: managers and plans, of everyone between those and whoever is paid on their pay.
        plans: all plan versions.

    Raises:
        Overflow: a sum is beyond 10^18 minor units.
    """
    nobody = pl.DataFrame(schema=PAY_CREDITS)
    paying = [plan for plan in plans.holding if plan.of_others]
    if not paying:
        return nobody
    levels = _above(earned, roster, paying=paying, plans=plans)
    credits = [
        rows
        for plan in paying
        for measure, pay_of in plan.of_others
        for rows in _credited(levels, plan, measure=measure, pay_of=pay_of)
    ]
    return pl.concat([nobody, *credits]).sort("participant_id", "plan", "version", "rule", "credit_date", "earned_by")


def with_pay(measures: pl.DataFrame, pay: pl.DataFrame, *, plans: PlanSet) -> pl.DataFrame:
    """`MEASURES` with what `PAY_CREDITS` add to them."""
    if pay.is_empty():
        return measures
    named = pay.with_columns(measure=pl.col("rule").str.strip_prefix(PAY_OF))
    of_plans = [
        named.filter(plan.own_rows).with_columns(fiscal=fiscal_of(pl.col("credit_date"), plan.calendar))
        for plan in plans
    ]
    by_deal = pl.col("event").is_not_null()
    names = [name for name in MEASURES if name != "event"]
    both = pl.concat([table.select(names) for table in (measures.filter(~by_deal), *of_plans)])
    keys = [name for name in names if name != "amount"]
    added = both.group_by(keys, maintain_order=True).agg(wide("amount").sum())
    summed = narrow(added, "amount", what="the sum of a measure").with_columns(event=pl.lit(None, dtype=EVENT))
    return pl.concat([summed.select(MEASURES.names()), measures.filter(by_deal)])


def on_last_days(earned: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """Rows of earnings with the last day of their segment as `credit_date`."""
    dated = [
        earned.filter(plan.own_rows).with_columns(
            credit_date=end_of_segment(pl.col("period"), pl.col("fiscal"), calendar=plan.calendar)
        )
        for plan in plans
    ]
    return pl.concat([earned.clear().with_columns(credit_date=pl.lit(None, dtype=pl.Date)), *dated])


def _above(earned: pl.DataFrame, roster: Roster, *, paying: list[Plan], plans: PlanSet) -> list[pl.DataFrame]:
    """What was paid, beside each manager above whom it was paid to; a frame per level.

    Columns: those of `assigned` of the manager, `credit_date`, and of the pay `earned_by`, `of_plan`, `component`,
    `currency` and `amount`.
    """
    named = {plan for version in paying for _, pay_of in version.of_others for plan in pay_of.plans}
    counting = earned.filter(pl.col("amount") != 0, pl.col("plan").is_in(sorted(named)))
    if counting.is_empty():
        return []
    paid = (
        on_last_days(counting, plans)
        .group_by("participant_id", "plan", "component", "credit_date", "currency")
        .agg(wide("amount").sum())
    )
    paid = paid.select(
        "participant_id", "credit_date", "component", "currency", "amount", earned_by="participant_id", of_plan="plan"
    )
    levels = managers_above(assigned(paid, roster, plans=plans), roster, plans=plans)
    # Who reports to themselves through others would be paid on their own pay, and that again. Nobody is paid on theirs:
    # then every line of managers ends, and so does earning managers after those below them.
    turning = [level.filter(pl.col("manager") == pl.col("earned_by")) for level in levels]
    if not any(level.height for level in turning):
        return levels
    whose = ["earned_by", "credit_date"]
    circles = pl.concat(level.select(whose) for level in turning).unique()
    return [level.join(circles, on=whose, how="anti") for level in levels]


def _credited(levels: list[pl.DataFrame], plan: Plan, *, measure: str, pay_of: PayOf) -> Iterator[pl.DataFrame]:
    """The `PAY_CREDITS` of a measure: one a person, day and currency."""
    counts = pl.col("of_plan").is_in(pay_of.plans)
    if pay_of.components is not None:
        counts &= pl.col("component").is_in(pay_of.components)
    keys = ["participant_id", "earned_by", "credit_date", "currency"]
    for level, managers in enumerate(levels, start=1):
        if not pay_of.reaches(level):
            continue
        due = managers.filter(plan.own_rows & pl.col("active") & counts).group_by(keys).agg(pl.col("amount").sum())
        due = narrow(due, "amount", what="a sum of pay")
        due, amount = exchanged(due, pl.col("amount"), plan=plan, counts=False)
        yield due.select(
            "participant_id",
            "earned_by",
            "credit_date",
            "exchange",
            deal_id=pl.lit(None, dtype=pl.String),
            plan=pl.lit(plan.plan),
            version=pl.lit(plan.version, dtype=pl.Int64),
            rule=pl.lit(f"{PAY_OF}{measure}"),
            period=month_of(pl.col("credit_date")),
            currency=pl.lit(plan.currency),
            amount=amount,
            share=pl.lit(None, dtype=pl.Int64),
            level=pl.lit(level, dtype=pl.Int64),
            bucket=pl.lit(""),
        ).select(PAY_CREDITS.names())
