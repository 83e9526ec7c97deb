"""The KPIs, one module each: what it means, its formula over sums, its threshold, and what to do in breach.

Rules, dashboards and gauges are made from them, and the sums are counted that some KPI names: a KPI is added, or
changed, in its module and nowhere else. Its module holds `KPI`; sums that no other KPI looks at stand beside it.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from services.alerts.kpis.base import Kpi, PipelineKpi, PlanKpi
from services.alerts.kpis.sums import DealSum, EarningSum

KPIS: Final[tuple[Kpi, ...]] = tuple(
    sorted(
        (
            import_module(f"{__name__}.{module.name}").KPI
            for module in iter_modules(__path__)
            if module.name not in ("base", "sums")
        ),
        key=lambda kpi: (kpi.position, kpi.name),
    )
)
BY_NAME: Final = {kpi.name: kpi for kpi in KPIS}
PLAN_KPIS: Final = tuple(kpi for kpi in KPIS if isinstance(kpi, PlanKpi))
PIPELINE_KPIS: Final = tuple(kpi for kpi in KPIS if isinstance(kpi, PipelineKpi))

_SUMS: Final = {counted.name: counted for kpi in PLAN_KPIS for counted in kpi.sums}
DEAL_SUMS: Final = tuple(counted for counted in _SUMS.values() if isinstance(counted, DealSum))
EARNING_SUMS: Final = tuple(counted for counted in _SUMS.values() if isinstance(counted, EarningSum))
SUM_NAMES: Final = frozenset(_SUMS)
"""What is counted."""
