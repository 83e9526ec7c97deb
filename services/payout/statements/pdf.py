"""A sheet as a tagged PDF (PDF/UA-1). The same sheet is always the same bytes: fonts come along, no clock is read.

Text goes to typst as JSON and is shown as it is; it is never part of the markup.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from queue import LifoQueue
from typing import Final

import orjson
import typst

from services.payout.statements.sheet import Sheet

STANDARD: Final = "ua-1"
"""PDF/UA-1 (ISO 14289-1): headings, tables and reading order are tagged; typst refuses what does not keep to it."""
TEMPLATE: Final = Path(__file__).parent / "templates" / "sheet.typ"


def pdf(sheet: Sheet) -> bytes:
    """The PDF.

    Its timestamp is fixed: a clock would make other bytes each time, and hashes could not tell a changed document from
    one that was printed again.
    """
    with _press() as press:
        inputs = {"sheet": orjson.dumps(sheet).decode()}
        document = press.compile(format="pdf", sys_inputs=inputs, pdf_standards=[STANDARD], timestamp=0)
    assert isinstance(document, bytes)
    return document


@contextmanager
def _press() -> Iterator[typst.Compiler]:
    """One of a few, for one sheet at a time: a compiler is not made to be shared, and more than processors are of no
    use.
    """
    # A compiler keeps what it has parsed, which is most of the time of a first sheet: so compilers are kept, the last
    # used one first. None stands for one that is not made yet, so that a quiet service makes only those that it needs.
    presses = _presses()
    press = presses.get()
    try:
        if press is None:
            press = typst.Compiler(TEMPLATE, root=TEMPLATE.parent, font_paths=_fonts(), ignore_system_fonts=True)
        yield press
    finally:  # also after a failure: a place that is not given back would be missing for ever
        presses.put(press)


@cache
def _presses() -> LifoQueue[typst.Compiler | None]:
    presses: LifoQueue[typst.Compiler | None] = LifoQueue()
    for _ in range(os.cpu_count() or 1):
        presses.put(None)
    return presses


@cache
def _fonts() -> typst.Fonts:
    """Typst's own, and those that come with matplotlib for other scripts: the same on every machine. Fonts of the
    system would break lines elsewhere, and so make other bytes of the same sheet.
    """
    matplotlib = find_spec("matplotlib")  # looked up and not imported: that takes a second, and nothing of it is run
    assert matplotlib is not None
    assert matplotlib.submodule_search_locations is not None
    folder = Path(matplotlib.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"
    return typst.Fonts(include_system_fonts=False, font_paths=[folder])
