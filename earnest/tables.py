"""Tables on a terminal that never lose a digit: one that is wider than the terminal wraps, it is not cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

WIDEST = 2000
"""Characters; wider than any table of ours."""


def print_table(table: Table) -> None:
    """Print a table as wide as its figures and words need."""
    from rich.console import Console
    from rich.measure import Measurement

    console = Console(highlight=False)
    needed = Measurement.get(console, console.options.update(width=WIDEST), table).maximum
    Console(highlight=False, width=max(console.width, needed)).print(table)
