"""The catalogue of KPIs: what each means, when it is in breach, and what to do then.

Rules, dashboards and gauges are made from it, so a KPI is added or changed here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure that is watched, with one static threshold.

    `bad` says on which side of the threshold the plan is in trouble. Fewer `observations` than `minimum` give no value.
    A breach opens an alert when it lasts for `patience` business dates in a row. `about` says whom it calls: those who
    design the plan, or those who keep the road of events clear.
    """

    name: str
    title: str
    unit: Literal["ratio", "seconds", "records"]
    bad: Literal["above", "below"]
    threshold: Decimal
    observed: str
    meaning: str
    action: str
    about: Literal["plan", "road"] = "plan"
    by_currency: bool = True
    minimum: int = 0
    patience: int = 1
    severity: Literal["warning", "critical"] = "warning"

    def breached(self, value: Decimal) -> bool:
        """Whether the value lies on the bad side of the threshold; the threshold itself is good."""
        return value > self.threshold if self.bad == "above" else value < self.threshold


ATTAINMENT_PACE: Final = Kpi(
    name="attainment_pace",
    title="Attainment pace",
    unit="ratio",
    bad="below",
    threshold=Decimal("0.60"),
    minimum=5,
    observed="participants with a quota this month",
    meaning="Attainment of the month so far (measures over quotas) divided by the share of its business days that have "
    "passed: 1 is on course for quota. Known from the tenth business day on.",
    action="See on the dashboard whether deals, win rate or discounts fell; compare the month's quotas with the last ones.",
)

COST_OF_SALES: Final = Kpi(
    name="comp_cost_of_sales",
    title="Comp cost of sales",
    unit="ratio",
    bad="above",
    threshold=Decimal("0.15"),
    minimum=30,
    observed="deals won in the three months",
    meaning="Earnings divided by revenue won, over this month and the two before it.",
    action="Look for accelerators paid on windfalls, for overlapping credits and for revenue lost to refunds.",
)

AVERAGE_DISCOUNT: Final = Kpi(
    name="average_discount",
    title="Average discount",
    unit="ratio",
    bad="above",
    threshold=Decimal("0.20"),
    minimum=30,
    patience=3,
    observed="deals won in 30 days that have a list price",
    meaning="List price less net price, divided by list price, of the deals won in the last 30 days, weighted by value.",
    action="Find the products and teams that discount; a plan that pays on volume alone may need a margin modifier or a gate.",
)

WIN_RATE: Final = Kpi(
    name="win_rate",
    title="Win rate",
    unit="ratio",
    bad="below",
    threshold=Decimal("0.20"),
    by_currency=False,
    minimum=30,
    patience=3,
    observed="deals closed in 30 days",
    meaning="Deals won divided by deals won or lost, by close date, over the last 30 days.",
    action="Compare with the discount and the number of deals closed: a clean-up of old deals lowers the rate for 30 days.",
)

EVENT_LAG: Final = Kpi(
    name="event_lag",
    title="Event lag",
    unit="seconds",
    about="road",
    by_currency=False,
    bad="above",
    threshold=Decimal(60),
    severity="critical",
    observed="records waiting",
    meaning="How long the oldest event that is not yet counted here has been in the log.",
    action="Look at the lag of each worker on the operations dashboard, at its log, and at the database.",
)

DEAD_LETTERS: Final = Kpi(
    name="dead_letters",
    title="Dead letters open",
    unit="records",
    about="road",
    by_currency=False,
    bad="above",
    threshold=Decimal(0),
    severity="critical",
    observed="dead letters ever",
    meaning="Records that could not be processed and wait for a person.",
    action="Read the cause with `earnest dlq list` and `earnest dlq show`, mend it, then `earnest dlq replay`.",
)

KPIS: Final = (ATTAINMENT_PACE, COST_OF_SALES, AVERAGE_DISCOUNT, WIN_RATE, EVENT_LAG, DEAD_LETTERS)
BY_NAME: Final = {kpi.name: kpi for kpi in KPIS}
