"""Whose deals move the pay of somebody who is paid on what others are paid."""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from earnest.files.kernel_inputs import KernelInputs
from earnest.files.rejections import FileError
from earnest.simulation.further_deal import why_not_credited
from shared.kernel import Credited, Plan
from shared.kernel.calendar import fiscal_at
from shared.kernel.pay_of_others import pay_credits
from shared.kernel.tables import EARNINGS
from shared.periods import period_of

SHOWN: Final = 10
"""People whose deals count that are named."""


def others_credited(inputs: KernelInputs, plan: Plan, *, participant: str, day: date, further: Credited) -> list[str]:
    """Whom a further deal credits on whose pay the participant is paid, where it credits not them.

    Raises:
        FileError: it credits nobody who counts for them.
    """
    sellers = _whose_deals_count(inputs, participant, day=day) if plan.of_others else []
    credited = set(further.credits["participant_id"])
    if theirs := [seller for seller in sellers if seller in credited]:
        return theirs
    why = why_not_credited(further.uncredited)
    said = f"such a deal credits {participant} nothing{f': {why}' if why else ''}"
    if plan.of_others:
        more = f" and {len(sellers) - SHOWN} more" if len(sellers) > SHOWN else ""
        whose = f"nobody with deals of their own counts for {participant} on {day}"
        if sellers:
            whose = (
                f"say whose deal it is, as --sell owner={sellers[0]}: those of {', '.join(sellers[:SHOWN])}{more} count"
            )
        said += f". {participant} is paid on what others are paid: {whose}"
    raise FileError(said)


def _whose_deals_count(inputs: KernelInputs, participant: str, *, day: date) -> list[str]:
    """Everyone whose deals of a day are paid to them and count for the participant by that, over any number of people
    between.
    """
    plans = inputs.plans
    on_day = inputs.roster.assignments.filter(pl.col("effective_from") <= day).sort("effective_from")
    sellers: set[str] = set()
    rows = []
    for who, name in on_day.group_by("participant_id").agg(pl.col("plan").last()).iter_rows():
        if (version := plans.version_on(name, day)) is None:
            continue
        sellers |= {who} if version.credits else set()
        at = (period_of(day), fiscal_at(day, version.calendar))
        rows += [(who, name, version.version, each.component, *at, version.currency) for each in version.components]
    columns = ["participant_id", "plan", "version", "component", "period", "fiscal", "currency"]
    # As if everyone were paid something by every component: so the calculation says itself whose pay counts for whom.
    paid = pl.DataFrame(rows, schema={name: EARNINGS[name] for name in columns}, orient="row").with_columns(amount=1)
    counts = pay_credits(paid, inputs.roster, plans=plans).select("participant_id", "earned_by").unique()
    below: dict[str, list[str]] = {}
    for who, earned_by in counts.iter_rows():
        below.setdefault(who, []).append(earned_by)
    found: set[str] = set()
    looked_at = [participant]
    while looked_at:
        new = set(below.get(looked_at.pop(), ())) - found
        found |= new
        looked_at += new
    return sorted(found & sellers)
