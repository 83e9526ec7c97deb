"""The runbook pages of the alerts of KPIs, made from the KPIs; those of other alerts are written by hand beside them.

Read by somebody who was called: what happened, where to look, what to do, and when it is over.
"""

from __future__ import annotations

from typing import Final

from services.alerts.kpis import Kpi
from services.alerts.kpis.words import threshold_in_words
from services.alerts.operations.alerts import KpiAlert, healthy_text, kpi_alerts
from services.alerts.operations.rules import runbook

MADE_BY: Final = "Made by `python -m services.alerts.operations`"
"""By which a made page is told from one that is written by hand."""


def runbook_pages(kpi: Kpi) -> dict[str, str]:
    """The pages of a KPI's alerts by their paths."""
    return {runbook(alert.name): _page(alert) for alert in kpi_alerts(kpi)}


def _page(alert: KpiAlert) -> str:
    kpi = alert.kpi
    look = _PLAN if kpi.about == "plan" else _ROAD
    if alert.detector == "drift":
        happened = (
            f"{kpi.title} has moved away from what its own past makes expect of it, further and for longer than chance "
            "explains. The label `direction` says which way, `segment` where if it is not the whole company. It may "
            "still be on the good side of its threshold."
        )
        over = "the detector says that the KPI has recovered, or somebody resolves the alert by a decision."
        first = "`earnest alerts show ALERT`: since when, how far, and which segments contributed most."
    else:
        assert kpi.threshold is not None
        happened = f"{kpi.title} lies {threshold_in_words(kpi, kpi.threshold)}."
        over = "the KPI is back on the good side, also where a late correction shows that it never left it."
        first = "`earnest alerts show ALERT`: since when, and how far."
    steps = "".join(f"{number}. {step}\n" for number, step in enumerate([first, *look], 1))
    about = " ".join(filter(None, (kpi.meaning, healthy_text(kpi))))
    return (
        f"<!-- {MADE_BY}; change the KPI instead. -->\n"
        f"# {alert.name}\n\n{happened}\n\n**The KPI:** {about}\n\n## Look\n\n{steps}\n"
        f"## Do\n\n- {kpi.action}\n{_TAKE}\n**Over when** {over}\n"
    )


_TAKE: Final = (
    "- Take it: `earnest alerts ack ALERT` (`earnest alerts list` names it). Known and waited for: "
    "`earnest alerts snooze ALERT --until 3d`.\n"
)
_PLAN: Final = (
    "Is it true? *Program health*, *KPIs as of*: is that date of today? While events wait, KPIs of plans are not "
    "current, and their alerts are muted.",
    "*One plan*: which plans, products, territories or teams differ.",
    "What changed at that time: a plan, a quota, a price list, the roster, a clean-up in the CRM?",
)
_ROAD: Final = (
    "*Pipeline operations*: is everything late, or one worker?",
    "`earnest status`: what runs, and what waits for somebody.",
)
