"""What ingredients have come to in their windows, row by row: sums that begin anew, and sums that roll on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from shared.kernel.arithmetic.expressions import narrow
from shared.kernel.arithmetic.running_sums import begins, first_within, rolling_sum, running_sum
from shared.kernel.calendar import first_of_window, window_of
from shared.kernel.language.conventions import Reset, Window
from shared.kernel.language.measures import LEAVING
from shared.kernel.plan.version import Plan


def accumulated(rows: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Rows in order with their ingredients summed over each ingredient's window up to and including the row.

    Raises:
        Overflow: a sum is beyond 10^18 minor units.
    """
    names = plan.ingredient_names
    return narrow(rows.with_columns(sums_so_far(rows, names, plan=plan)), *names, what="the sum of a measure")


def sums_so_far(
    rows: pl.DataFrame, names: Sequence[str], *, plan: Plan, apart: pl.Series | None = None
) -> Iterator[pl.Series]:
    """The sum of each ingredient over its window up to and including each of some rows in order (Int128); with `apart`
    also begun anew where that is true."""
    known: dict[Window, tuple[pl.Series, pl.Series | None]] = {}
    for name in names:
        window = plan.windows.of_ingredient(name)
        if window not in known:
            known[window] = _windows(rows, window, plan=plan, apart=apart)
        begin, first = known[window]
        # In 128 bits first: what one participant sells in a year fits, a wrapped sum would look like any other amount.
        adds = rows[name].cast(pl.Int128)
        if first is None:
            yield running_sum(adds, begin).alias(name)
            continue
        leaving = f"{name}{LEAVING}"
        goes = rows[leaving].cast(pl.Int128) if leaving in names else adds
        yield rolling_sum(adds, goes, begin=begin, first=first).alias(name)


def _windows(
    rows: pl.DataFrame, window: Window, *, plan: Plan, apart: pl.Series | None
) -> tuple[pl.Series, pl.Series | None]:
    """Where a sum begins; of a rolling one, which leaves behind what is before its window, also the place of the first
    row in the window of each."""
    begin = window_starts(rows, "never" if isinstance(window, int) else window, plan=plan)
    begin = begin if apart is None else begin | apart
    if not isinstance(window, int):
        return begin, None
    return begin, first_within(rows["fiscal"], begin, since=first_of_window(rows["fiscal"], window))


def window_keys(reset: Reset, plan: Plan) -> list[pl.Expr]:
    """Whose rows belong to one sum: the participant, the window, and with `versions: restart` the version."""
    # The plan is no key: rows are of one plan. With `versions: continue` the sum of a window goes on under the next
    # version, which then prices all of it, and pays what that has grown by.
    keys = [pl.col("participant_id"), window_of(pl.col("fiscal"), reset)]
    return keys if plan.conventions.versions == "continue" else [*keys, pl.col("version")]


def window_starts(rows: pl.DataFrame, reset: Reset, *, plan: Plan) -> pl.Series:
    """Where in rows in order a new sum begins."""
    return begins(rows, window_keys(reset, plan))
