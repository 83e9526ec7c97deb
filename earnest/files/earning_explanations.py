"""The earnings of one participant, told line by line, from files alone."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
from pydantic import BaseModel

from earnest.files.kernel_inputs import KernelInputs, check_in_roster
from earnest.files.rejections import FileError
from shared import explanation
from shared.explanation import Part
from shared.kernel import credit, explain, measure
from shared.kernel.idle_months import earn_every_month
from shared.kernel.pay_of_others import pay_credits
from shared.money import from_minor
from shared.periods import Month


class EarningExplanation(BaseModel):
    """An earning and how it came about. The amounts of all lines of all parts sum to `amount`."""

    participant_id: str
    period: Month
    component: str
    currency: str
    amount: Decimal
    parts: list[Part]


def explain_earnings(
    inputs: KernelInputs, participant: str, *, period: str | None = None, component: str | None = None
) -> list[EarningExplanation]:
    """The earnings of a participant, of a period and component where one is named, in order of period and component.

    Raises:
        FileError: there is no such participant, or no such earning.
        Overflow: a sum is beyond 10^18 minor units.
    """
    check_in_roster(inputs, participant)
    credits = credit(inputs.deals, inputs.roster, plans=inputs.plans).credits
    earned = earn_every_month(measure(credits, inputs.plans), inputs.roster, plans=inputs.plans)
    # Everybody is calculated, and then one person explained: pools and contests depend on the others.
    theirs = pl.col("participant_id") == participant
    own, paid = credits.filter(theirs), earned.filter(theirs)
    asked = {name: value for name, value in (("period", period), ("component", component)) if value}
    wanted = paid.filter(**asked)
    if wanted.is_empty():
        raise FileError(_missing(participant, paid, period=period, component=component))
    # In the order in which the plans name their components; versions of a plan name most of them again.
    places = {name: place for place, name in enumerate(c.component for plan in inputs.plans for c in plan.components)}
    keys = wanted.select("period", "component", "currency").unique().rows()
    pay = pay_credits(earned, inputs.roster, plans=inputs.plans).filter(theirs)
    explained = explain(own, inputs.roster, plans=inputs.plans, earnings=paid, pay=pay, everyone=credits)
    explanations = []
    for when, what, currency in sorted(keys, key=lambda key: (key[0], places.get(key[1], len(places)), key)):
        amounts = wanted.filter((pl.col("period") == when) & (pl.col("component") == what))["amount"].to_list()
        explanations.append(
            EarningExplanation(
                participant_id=participant,
                period=when,
                component=what,
                currency=currency,
                amount=from_minor(sum(amounts), currency),
                parts=explanation.parts_of_lines(
                    explained,
                    paid,
                    plans=inputs.plans,
                    component=what,
                    period=when,
                    everyone=earned,
                    roster=inputs.roster,
                ),
            )
        )
    return explanations


def _missing(participant: str, paid: pl.DataFrame, *, period: str | None, component: str | None) -> str:
    wanted = " ".join(word for word in (component, f"in {period}" if period else None) if word)
    if paid.is_empty():
        return f"{participant} has no earnings: nothing credits them under these plans"
    there = "; ".join(
        f"{what}: {', '.join(sorted(set(paid[name].to_list())))}"
        for what, name in (("components", "component"), ("periods", "period"))
    )
    return f"{participant} has no earning {wanted}; there are {there}"
