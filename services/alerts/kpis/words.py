"""KPIs in words: the table of the operators' page."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from services.alerts.kpis.catalogue import Catalogue, WatchedKpi
from services.alerts.kpis.model import Kpi, Threshold, Window
from shared.formatting import counted

HEAD = ("KPI", "what it is", "per", "every", "by", "alerts when", "needs")


def kpi_table(catalogue: Catalogue) -> Iterator[str]:
    """The lines of a table in Markdown: a row for each KPI."""
    yield f"| {' | '.join(HEAD)} |"
    yield "|---" * len(HEAD) + "|"
    for watched in catalogue.watched:
        yield f"| {' | '.join(_row(watched))} |"


def _row(watched: WatchedKpi) -> tuple[str, ...]:
    kpi = watched.kpi
    moment = kpi.about == "road"
    needs = f"{kpi.minimum} {kpi.observed}" if kpi.minimum else ""
    return (
        f"`{kpi.name}`",
        kpi.meaning.rstrip("."),
        "currency" if watched.sums.by_currency else "company",
        "moment" if moment else kpi.grain.value,
        ", ".join(kpi.segments),
        "; ".join(_alerts(kpi)) or "never: it is reported",
        needs,
    )


def _alerts(kpi: Kpi) -> Iterator[str]:
    if kpi.threshold is not None:
        yield threshold_in_words(kpi, kpi.threshold)
    if kpi.drift is not None:
        side = {"above": " up", "below": " down", "both": ""}[kpi.bad]
        spread = kpi.drift.detector == "distribution"
        yield "it is spread otherwise than at the same phase before" if spread else f"it drifts{side}"


def threshold_in_words(kpi: Kpi, threshold: Threshold) -> str:
    """When it is in breach: `above 20 % over 30 days, on 3 business days in a row`."""
    side = "above" if threshold.side == "upper" else "below"
    over = "" if kpi.about == "road" else f" over {_window(threshold.window)}"
    lasting = f", on {threshold.patience} business days in a row" if threshold.patience > 1 else ""
    return f"{side} {_figure(threshold.value, kpi)}{over}{lasting}"


def _window(window: Window) -> str:
    if window.days is not None:
        return counted(window.days, "day")
    assert window.months is not None
    return "the month" if window.months == 1 else counted(window.months, "month")


def _figure(value: Decimal, kpi: Kpi) -> str:
    if kpi.unit == "ratio":
        return f"{(value * 100).normalize():f} %"
    return f"{value.normalize():f}" + {"seconds": " s", "days": " days"}.get(kpi.unit, "")
