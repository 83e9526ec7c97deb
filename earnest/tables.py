"""Tables on a terminal that never lose a digit: what is too wide wraps, nothing is cut, and text is never read as
markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

WIDEST = 2000
"""Characters; wider than any table of ours."""


def print_table(table: Table, none: str = "There is nothing.") -> None:
    """Print a table as wide as its figures and words need; `none` where it has no row."""
    from rich.console import Console
    from rich.measure import Measurement

    console = Console(highlight=False, markup=False)
    if not table.row_count:
        console.print(none, soft_wrap=True)
        return
    # A terminal that is too narrow wraps lines; a table that is fitted into it would cut figures.
    needed = Measurement.get(console, console.options.update(width=WIDEST), table).maximum
    Console(highlight=False, markup=False, width=max(console.width, needed)).print(table)
