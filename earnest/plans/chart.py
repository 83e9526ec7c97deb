"""The chart of a payout, by matplotlib."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from earnest.files.rejections import FileError
from earnest.plans.curves import TOTAL, Payout, as_decimal
from shared.charts import INK, MIDDLE, drawing, form_of, framed, rendered
from shared.formatting import amount
from shared.kernel.language.phrases import spoken

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""The colours of Okabe and Ito, which the colour-blind can tell apart."""


def draw(payout: Payout, out: Path) -> None:
    """The payout as an SVG or PNG file: attainment to the right, pay upwards, a line for each component and a strong
    one for all of them.

    Raises:
        FileError: the file has another name, or cannot be written.
    """
    form = form_of(out)
    if form is None:
        raise FileError(f"{out}: a chart is an .svg or a .png file")
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    with drawing(letters=11):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.add_subplot()
        framed(axes)
        _lines(payout, axes)
        axes.axvline(100, color=MIDDLE, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
        measure, quota = spoken(payout.measure.measure), amount(as_decimal(payout.quota))
        axes.set_xlabel(f"Attainment of {measure}, quota {quota}")
        axes.set_ylabel(f"Payout in {payout.plan.currency}")
        axes.set_title(payout.plan.name, loc="left", fontsize=13, fontweight="bold")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.margins(x=0)
        if len(payout.pay) > 1:
            axes.legend(frameon=False, loc="upper left")
        description = f"Payout in {payout.plan.currency} by attainment of {measure}."
        picture = rendered(figure, form, title=payout.plan.name, description=description)
    try:
        out.write_bytes(picture)
    except OSError as error:
        raise FileError(f"{out}: {error.strerror or error}") from None


def _lines(payout: Payout, axes: Axes) -> None:
    across = [float(value * 100) for value in payout.attainments]
    scale = 10**payout.plan.digits
    colours = cycle(COLOURS)
    for name, pay in payout.pay.items():
        strong = name == TOTAL
        axes.plot(
            across,
            [minor / scale for minor in pay],
            color=INK if strong else next(colours),
            linewidth=2.6 if strong else 1.8,
            label="All together" if strong else spoken(name).capitalize(),
        )
