"""Charts by matplotlib, as SVG or PNG: equal numbers give equal bytes, and look the same everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, Literal, get_args
from xml.sax.saxutils import escape

if TYPE_CHECKING:  # matplotlib takes longer to import than everything else, and only who draws needs it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Form = Literal["svg", "png"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)

INK, MIDDLE, SOFT = "#1b2230", "#8a93a3", "#d5d9e0"
"""Text and what matters most, what stands beside it, and grids."""

_LOCK: Final = Lock()


@contextmanager
def drawing(*, letters: float = 10) -> Iterator[None]:
    """In which figures are made and rendered, one at a time: the settings of matplotlib are those of the process.

    `letters` is the size of text that has none of its own, in points.
    """
    import matplotlib as mpl

    with (
        _LOCK,
        mpl.rc_context(
            {
                "svg.hashsalt": "earnest",  # of ids within the file
                "svg.fonttype": "path",  # letters as shapes: nobody needs the font
                "font.family": "DejaVu Sans",  # comes with matplotlib
                "font.size": letters,
                "text.color": INK,
                "axes.titlecolor": INK,
                "axes.labelcolor": INK,
                "axes.edgecolor": MIDDLE,
                "xtick.color": INK,
                "ytick.color": INK,
            }
        ),
    ):
        yield


def rendered(figure: Figure, form: Form, *, title: str, description: str) -> bytes:
    """A figure as a file; `title` and `description` are for those who do not see it."""
    out = BytesIO()
    # Without a date and a version in it, the same figure gives the same bytes.
    without = ("Date", "Creator", "Format", "Type") if form == "svg" else ("Software",)
    about = {} if form == "svg" else {"Title": title, "Description": description}
    figure.savefig(out, format=form, dpi=144, metadata=about | dict.fromkeys(without))
    return _told(out.getvalue(), title=title, description=description) if form == "svg" else out.getvalue()


def form_of(path: Path) -> Form | None:
    """The form that the name of a file says; None where it says no form of a chart."""
    return next((form for form in FORMS if path.suffix == f".{form}"), None)


def framed(axes: Axes) -> None:
    """Axes as all charts have them: a line below and on the left, and a soft grid behind what is drawn."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=SOFT, linewidth=0.6)
    axes.set_axisbelow(True)


def short(value: float) -> str:
    """`1.25M`, `350k`: an amount on an axis."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def _told(svg: bytes, *, title: str, description: str) -> bytes:
    """What a screen reader says of the picture, as its first elements."""
    head, opened, rest = svg.partition(b"<svg ")
    attributes, closed, body = rest.partition(b">")
    declaration = head.partition(b"<!DOCTYPE")[0]
    named = b' role="img" aria-labelledby="title description"'
    words = (
        f'\n <title id="title">{escape(title)}</title>\n <desc id="description">{escape(description)}</desc>'.encode()
    )
    return declaration + opened + attributes + named + closed + words + body
