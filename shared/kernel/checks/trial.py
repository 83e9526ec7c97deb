"""A plan version tried out: it credits, measures, earns and explains in a company of two people and a few deals.

What would stop whoever calculates with the plan stops this first, in a place where that harms nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from shared.facts import Facts
from shared.kernel.arithmetic.expressions import Overflow
from shared.kernel.credit import credit
from shared.kernel.crediting.deals import values_table
from shared.kernel.explain import explain
from shared.kernel.idle_months import earn_every_month
from shared.kernel.language.category_texts import roster_attribute
from shared.kernel.language.values import terms_in
from shared.kernel.measure import measure
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.plan.reference_point import reference_categories
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster

TRIAL: Final = 1
"""The number of this trial: raised with the limits of plans, so that what was published before is tried out again."""
AMOUNTS: Final = ("12345.67", "50.01", "987.65")
_CUSTOM: Final[Mapping[str, Any]] = {
    "text": "some", "number": 7, "decimal": "12.5", "yes_no": True, "participant": "other"
}  # fmt: skip


class CannotBeCalculated(ValueError):
    """The plan is one, and yet cannot be calculated with; the message says why."""


def try_out(plan: Plan) -> None:
    """Calculate with the plan.

    Raises:
        CannotBeCalculated: its numbers grow without end even for small deals.
    """
    plans = PlanSet([plan])
    roster = Roster.from_facts(_people(plan).items())
    deals = values_table(_deals(plan).items(), plans.deal_columns)
    try:
        # All four verbs: each may meet a number that the others do not.
        credits = credit(deals, roster, plans=plans).credits
        earned = earn_every_month(measure(credits, plans), roster, plans=plans)
        explain(credits, roster, plans=plans, earnings=earned)
    except Overflow as error:
        raise CannotBeCalculated(f"for a deal of {AMOUNTS[0]} already {error}") from None


def _people(plan: Plan) -> dict[str, Facts]:
    said: dict[str, Any] = {"plan": plan.plan, "territory": "some", "position": "some"}
    said |= {roster_attribute(name): text for name, text in reference_categories(plan)[0].items()}
    said |= {f"quota.{measure.measure}": "10000" for measure in plan.measures}
    said |= {f"score.{measure.measure}": "0.85" for measure in plan.measures if measure.score}
    terms = {reference.name for part in plan.components for reference in part.uses() if reference.kind == "term"}
    said |= {f"term.{name}": "100" for name in terms | {term.term for term in terms_in(plan)}}
    day = plan.effective_from.isoformat()
    return {
        who: {f"{day}/{name}": [value, "", 0, ""] for name, value in (said | more).items()}
        for who, more in (("one", {"manager": "other"}), ("other", {}))
    }


def _deals(plan: Plan) -> dict[str, dict[str, Any]]:
    deals: dict[str, dict[str, Any]] = {}
    for number, amount in enumerate(AMOUNTS):
        day = (plan.effective_from + timedelta(days=number)).isoformat()
        custom = {name: day if kind == "date" else _CUSTOM[kind] for name, kind in plan.columns.items()}
        deals[f"D{number}"] = {
            "stage": "won",
            "amount": amount,
            "list_amount": amount,
            "currency": plan.currency,
            "open_date": day,
            "close_date": day,
            "owner": "one",
            "product": "some",
            "account": "some",
            "territory": "some",
            **{f"custom.{name}": value for name, value in custom.items()},
        }
    return deals
