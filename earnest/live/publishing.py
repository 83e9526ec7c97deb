"""What plan versions that are to be published touch in the running installation: whom, which months, which deals, and
what everybody has earned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

import polars as pl

from earnest.client import Client
from earnest.live.facts import Values, deal_values, live_roster, on_a_plan, participant_values
from earnest.plans.published import published_plans, versions
from shared.formatting import counted, money
from shared.kernel import PlanSet, Roster, credit, measure
from shared.kernel.crediting.deals import values_table
from shared.kernel.idle_months import earn_every_month
from shared.kernel.plan.version import Plan

MOST_DEALS: Final = 100_000
"""Deals that are fetched and calculated twice while somebody waits: some seconds."""


class Touched(NamedTuple):
    """What publishing changes, in lines, and whether it may change pay."""

    lines: list[str]
    pay: bool


class EarnedChange(NamedTuple):
    """What is earned by a plan in a currency, in minor units, and who earns more and who less. `deals` credit by the
    new versions, and `newly` many of them credited nobody before.
    """

    plan: str
    currency: str
    before: int
    after: int
    gain: int
    lose: int
    deals: int = 0
    newly: int = 0

    @property
    def touches(self) -> bool:
        """Whether it changes anybody's pay."""
        return bool(self.gain or self.lose)


def what_it_touches(client: Client, plans: Sequence[Plan], *, who: str) -> Touched:
    """Whom the versions touch, in which months, what they take the place of, and what they change of what is earned.

    Raises:
        LocalError: the installation does not answer.
        Overflow: a sum is beyond 10^18 minor units.
    """
    changes = _change_of_pay(client, plans, who=who)
    there = versions(client, who=who)
    closed = {period["period"] for period in _periods(client, who=who) if period["state"] == "closed"}
    aside = client.get("/v1/quarantine", who=who, service="scoring")["quarantined"]
    lines, pay = [], changes is None or any(change.touches for change in changes)
    names = {plan.plan for plan in plans}
    # Whoever is on no plan is on none of them: the roster is read once, and only where it is asked.
    on_no_plan = cache(partial(_on_no_plan, client, names | {version["plan"] for version in there}, who=who))
    for plan in plans:
        query = urlencode({"since": plan.effective_from})
        reach = client.get(f"/v1/plans/{quote(plan.plan)}/reach?{query}", who=who, service="scoring")
        pay = pay or bool(reach["months"])
        lines.append(f"{plan.plan}@{plan.version} holds from {plan.effective_from} on{_replaces(plan, there)}.")
        if not reach["participants"]:
            lines.append("  Nobody is on the plan from then on.")
            lines += on_no_plan()
            continue
        lines.append(f"  Participants on the plan from then on: {reach['participants']:,}.")
        if months := reach["months"]:
            of_closed = [month for month in months if month in closed]
            lines.append(f"  Months in which they were credited, which are calculated anew: {_span(months)}.")
            if of_closed:
                lines.append(
                    f"  Of these closed, where a difference is paid in the next open month: {_span(of_closed)}."
                )
        else:
            lines.append("  They have no credits from then on yet.")
        lines += [
            f"  {version['plan']}@{version['version']} is quarantined: {counted(version['waiting'], 'deal')} "
            f"{'waits' if version['waiting'] == 1 else 'wait'} for it."
            for version in aside
            if version["plan"] == plan.plan
        ]
        lines += [f"  {line}" for change in changes or () if change.plan == plan.plan for line in _in_words(change)]
    lines += [line for change in changes or () if change.plan not in names for line in _in_words(change)]
    if changes is None:
        lines.append(
            f"There are more than {MOST_DEALS:,} deals: what this changes of what is earned is told by `earnest plan "
            "diff OLD NEW --deals FILE --roster FILE`, over the files of `earnest export`."
        )
    return Touched(lines, pay)


def _on_no_plan(client: Client, plans: Collection[str], *, who: str) -> list[str]:
    """Whom the roster puts on no plan, ever. Publishing puts nobody on one: whoever answers for the roster does."""
    without = sum(not on_a_plan(values) for _, values in participant_values(client, who=who))
    if not without:
        return []
    is_or_are = "participant of the roster is" if without == 1 else "participants of the roster are"
    mend = (
        "after this load their file again, `earnest roster load FILE`, which puts them on the only plan"
        if len(plans) == 1
        else "name it in the column plan of their file, and load that again with `earnest roster load FILE`"
    )
    return [f"  {without:,} {is_or_are} on no plan: {mend}."]


def _change_of_pay(client: Client, new: Sequence[Plan], *, who: str) -> list[EarnedChange] | None:
    """What the versions change, by plan: of their own plans, and of others that pay on these. None where there are too
    many deals to say so while somebody waits.

    Versions that are quarantined are left out: what waits for them is as if it had not been earned.
    """
    if client.get("/v1/summary", who=who, service="scoring")["deals"] > MOST_DEALS:
        return None
    there = published_plans(client, who=who)
    deals = list(deal_values(client, who=who))
    roster = live_roster(participant_values(client, who=who))
    credited_before, before = _earned(deals, roster, plans=there)
    credited, after = _earned(deals, roster, plans=PlanSet([*there, *new]))
    keys = {(plan.plan, plan.version) for plan in new}
    seen = set(credited_before["deal_id"])
    by_new: dict[str, set[str]] = {plan.plan: set() for plan in new}
    for plan, version, deal in credited.select("plan", "version", "deal_id").unique().iter_rows():
        if (plan, version) in keys:
            by_new[plan].add(deal)
    both = before.join(after, on=["plan", "currency", "participant_id"], how="full", coalesce=True, suffix="_after")
    both = both.with_columns(pl.col("amount", "amount_after").fill_null(0))
    change = pl.col("amount_after") - pl.col("amount")
    sums = both.group_by("plan", "currency").agg(
        pl.col("amount").sum(), pl.col("amount_after").sum(), gain=(change > 0).sum(), lose=(change < 0).sum()
    )
    found = []
    for plan, currency, earned, then, gain, lose in sums.sort("plan", "currency").iter_rows():
        deals_of = by_new.get(plan, set())
        found.append(
            EarnedChange(
                plan,
                currency,
                before=earned,
                after=then,
                gain=gain,
                lose=lose,
                deals=len(deals_of),
                newly=len(deals_of - seen),
            )
        )
    return [one for one in found if one.plan in by_new or one.touches]


def _earned(
    deals: Iterable[tuple[str, Values]], roster: Roster, *, plans: PlanSet
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The credits, and by plan, currency and participant what is earned."""
    credits = credit(values_table(deals, plans.deal_columns), roster, plans=plans).credits
    earned = earn_every_month(measure(credits, plans), roster, plans=plans)
    return credits, earned.group_by("plan", "currency", "participant_id").agg(pl.col("amount").sum())


def _in_words(change: EarnedChange) -> list[str]:
    """What a version changes, as lines."""
    lines = []
    if change.deals:
        newly = f"; {counted(change.newly, 'of them credits', 'of them credit')} nobody so far" if change.newly else ""
        lines.append(f"Deals that it credits: {change.deals:,}{newly}.")
    if not change.touches:
        return [*lines, f"What is earned by {change.plan} does not change."]
    by = money(change.after - change.before, change.currency, signed=True, code=True)
    totals = f"{money(change.before, change.currency)} to {money(change.after, change.currency)}"
    who = f"{counted(change.gain, 'gains', 'gain')}, {counted(change.lose, 'loses', 'lose')}"
    return [*lines, f"What is earned by {change.plan} changes by {by}, from {totals}: {who}."]


def _replaces(plan: Plan, there: Sequence[Mapping[str, Any]]) -> str:
    of_plan = [other for other in there if other["plan"] == plan.plan and other["replaced_by"] is None]
    before = [other for other in of_plan if other["effective_from"] <= plan.effective_from.isoformat()]
    if not before:
        return ""
    last = max(before, key=lambda other: other["effective_from"])
    return f", in place of {last['plan']}@{last['version']}"


def _periods(client: Client, *, who: str) -> list[dict[str, Any]]:
    periods: list[dict[str, Any]] = client.get("/v1/periods", who=who)["periods"]
    return periods


def _span(months: Sequence[str]) -> str:
    return months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
