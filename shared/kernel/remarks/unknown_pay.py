"""Pay of others that nobody is paid: of a plan, or by a component, that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from shared.kernel.plan.model import LIMITS
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.plan.version import Plan
from shared.kernel.remarks.remark import Remark


def unknown_pay(plans: PlanSet, on: pl.DataFrame) -> Iterator[Remark]:
    """Of those who are on a plan that pays on what nobody is paid; `on` has participant_id, plan, since and until."""
    aside = set(plans.quarantined["plan"])
    components = {plan.plan: {*LIMITS} for plan in plans}
    for plan in plans:
        components[plan.plan] |= {component.component for component in plan.components}
    for plan in plans.holding:
        for says in dict.fromkeys(_unknown(plan, components, aside=aside)):
            for who, since, until in (
                on.filter(pl.col("plan") == plan.plan).select("participant_id", "since", "until").iter_rows()
            ):
                yield Remark("pay_unknown", who, says=says, since=since, until=until)


def _unknown(plan: Plan, components: dict[str, set[str]], *, aside: set[str]) -> Iterator[str]:
    for measure, pay_of in plan.of_others:
        for other in pay_of.plans:
            on = f"{{who}} on plan {plan.plan}, whose measure {measure} is the pay"
            if other not in components:
                yield f"{on} of plan {other}, which does not exist."
            elif other not in aside:
                for name in sorted(set(pay_of.components or ()) - components[other]):
                    yield f"{on} by {name} of plan {other}, which has no such component."
