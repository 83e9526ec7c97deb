"""Charts of a simulation, as SVG and PNG; the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from earnest.simulation.run import Simulation
from earnest.simulation.statistics import bands, distribution
from shared.charts import FORMS, INK, drawing, rendered, short
from shared.money import minor_digits

NOW, BEFORE, GAIN, LOSS = "#1f6f8b", "#8a8a8a", "#2a9d5c", "#c8553d"
MOST_PEOPLE = 40


def draw(outcome: Simulation, folder: Path) -> list[Path]:
    """Write the charts that an outcome has; their paths."""
    paths = []
    with drawing():
        charts = {"attainment": _attainment(outcome)}
        if outcome.years.height > 1:
            charts["cost"] = _cost(outcome)
        if outcome.changes is not None and outcome.people is not None:
            charts["winners"] = _winners(outcome)
        for name, figure in sorted(charts.items()):
            titles = [axes.get_title("left") for axes in figure.axes]
            for form in FORMS:
                path = folder / f"{name}.{form}"
                path.write_bytes(rendered(figure, form, title=titles[0], description=f"{'. '.join(titles)}."))
                paths.append(path)
    return paths


def _figure(title: str, height: float = 4.2) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=12)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _major(values: pl.Series, currency: str) -> list[float]:
    return [float(value) / 10 ** minor_digits(currency) for value in values]


def _cost(outcome: Simulation) -> Figure:
    """The cost of the simulated years, with that under the plan to which it is compared behind it."""
    figure, axes = _figure(f"Cost of a year, over {outcome.years.height:,} simulated years")
    costs = _major(outcome.years["cost"], outcome.currency)
    series = [(costs, NOW, "this plan")]
    if outcome.years_before is not None:
        series.append((_major(outcome.years_before["cost"], outcome.currency), BEFORE, "the plan before"))
    low, high = min(min(values) for values, _, _ in series), max(max(values) for values, _, _ in series)
    # The square root of the number, the usual rule, within what an eye can tell apart.
    bins = min(40, max(10, round(outcome.years.height**0.5)))
    for values, colour, label in series:
        bars = {"histtype": "step", "linewidth": 1.8} if colour == BEFORE else {"alpha": 0.8}
        axes.hist(values, bins=bins, range=(low, high), color=colour, label=label, **bars)
    spread = distribution(pl.Series(costs))
    for name, style in (("p5", ":"), ("p50", "-"), ("p95", ":")):
        axes.axvline(spread[name], color=INK, linestyle=style, linewidth=1)
        axes.annotate(
            f"{name.replace('p50', 'median')} {short(spread[name])}",
            (spread[name], 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -10),
            textcoords="offset points",
            fontsize=8,
            color=INK,
        )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.set_xlabel(outcome.currency)
    axes.set_ylabel("years")
    if len(series) > 1:
        figure.legend(frameon=False, loc="outside lower center", ncols=2)
    return figure


def _attainment(outcome: Simulation) -> Figure:
    """How many attain how much, and how much of the pay goes there, measure by measure."""
    table = bands(outcome.attained)
    names = sorted(set(table["measure"])) or ["no measure has a quota"]
    figure = Figure(figsize=(8, 0.8 + 2.9 * len(names)), layout="constrained")
    for number, name in enumerate(names, start=1):
        axes = figure.add_subplot(len(names), 1, number)
        rows = table.filter(pl.col("measure") == name)
        places = range(rows.height)
        axes.bar([place - 0.2 for place in places], rows["share"].to_list(), 0.4, color=NOW, label="people and periods")
        axes.bar(
            [place + 0.2 for place in places],
            rows["share_of_pay"].fill_nan(0).to_list(),
            0.4,
            color=BEFORE,
            label="pay",
        )
        axes.set_xticks(list(places), rows["band"].to_list(), fontsize=8)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set_title(f"Attainment of {name}", loc="left", fontsize=12)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
    return figure


def _winners(outcome: Simulation) -> Figure:
    """Whose average pay of a year rises and falls; of many people those whom it moves most."""
    assert outcome.people is not None
    people = outcome.people.filter(pl.col("change") != 0).sort("change", "participant_id")
    title = "Average change of a year's pay against the plan before"
    if people.height > MOST_PEOPLE:
        half = MOST_PEOPLE // 2
        people = pl.concat([people.head(half), people.tail(half)])
        title += f" (the {half} lowest and the {half} highest)"
    names: Sequence[str] = people["participant_id"].to_list()
    changes = _major(people["change"], outcome.currency)
    figure, axes = _figure(title, 1.6 + 0.2 * max(6, len(names)))
    axes.barh(names, changes, color=[GAIN if change > 0 else LOSS for change in changes])
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.tick_params(axis="y", labelsize=7)
    axes.margins(y=0.01)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.set_xlabel(outcome.currency)
    return figure
