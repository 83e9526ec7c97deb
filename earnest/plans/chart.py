"""The chart of a payout, by matplotlib."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from earnest.files.rejections import FileError
from earnest.plans.curves import TOTAL, Payout, as_decimal
from shared.formatting import amount
from shared.kernel.language.phrases import spoken

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""The colours of Okabe and Ito, which the colour-blind can tell apart."""
INK, SOFT = "#1b2230", "#d5d9e0"
SUFFIXES = (".svg", ".png")


def draw(payout: Payout, out: Path) -> None:
    """The payout as an SVG or PNG file: attainment to the right, pay upwards, a line for each component and a strong
    one for all of them.

    Raises:
        FileError: the file has another name, or cannot be written.
    """
    if out.suffix not in SUFFIXES:
        raise FileError(f"{out}: a chart is an .svg or a .png file")
    # Matplotlib takes longer to import than everything else, and only this needs it.
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    with mpl.rc_context({"svg.hashsalt": "earnest", "svg.fonttype": "none", "font.size": 11}):
        figure = Figure(figsize=(8, 5), dpi=144, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        _lines(payout, axes)
        axes.axvline(100, color="#8a93a3", linewidth=1, linestyle=(0, (4, 3)), zorder=0)
        quota = amount(as_decimal(payout.quota))
        axes.set_xlabel(f"Attainment of {spoken(payout.measure.measure)}, quota {quota}")
        axes.set_ylabel(f"Payout in {payout.plan.currency}")
        axes.set_title(payout.plan.name, loc="left", color=INK, fontsize=13, fontweight="bold")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.grid(color=SOFT, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.margins(x=0)
        axes.spines[["top", "right"]].set_visible(False)
        if len(payout.pay) > 1:
            axes.legend(frameon=False, loc="upper left")
        try:
            # Without a date and a version in it, the same plan gives the same bytes.
            figure.savefig(out, metadata={"Date": None} if out.suffix == ".svg" else {"Software": None})
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
