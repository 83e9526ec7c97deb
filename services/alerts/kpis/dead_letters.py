"""Dead letters open: what waits for a person."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.alerts.kpis.base import Measurement, PipelineHealth, PipelineKpi


def dead_letters(health: PipelineHealth) -> Measurement:
    """Dead letters of all workers that nobody has sent again or closed."""
    return Measurement(Decimal(health.dead_letters_open), health.dead_letters_ever)


KPI: Final = PipelineKpi(
    name="dead_letters",
    position=120,
    title="Dead letters open",
    unit="records",
    bad="above",
    threshold=Decimal(0),
    observed="dead letters ever",
    meaning="Records that could not be processed and wait for a person.",
    action="Read the cause with `earnest dlq list` and `earnest dlq show`, mend it, then `earnest dlq replay`.",
    formula=dead_letters,
)
