"""Measures of groups: what everyone who is in a team, a territory or a position has brought together so far.

Each credit counts for the group in which its participant was on its date, and stays there: who takes a territory over
finds what it has come to, and who leaves a team leaves it what they sold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import polars as pl

from shared.kernel.arithmetic.expressions import narrow, wide
from shared.kernel.arithmetic.running_sums import enters, leaves
from shared.kernel.calendar import first_of_window, window_of
from shared.kernel.evaluation.pay import DEAL, context_for, filled
from shared.kernel.language.category_texts import category_of
from shared.kernel.language.deal_facts import told_in
from shared.kernel.language.measures import LEAVING, Measure
from shared.kernel.plan.kept_apart import KeptApart
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster

_SEGMENT: Final = ["fiscal", "version", "period"]
_DEAL: Final = [*_SEGMENT, *DEAL]


def sums_of_groups(events: pl.DataFrame, together: Sequence[Plan], *, roster: Roster) -> Mapping[int, GroupSums]:
    """By version the sums of its group measures, of those that have any."""
    with_groups = [plan for plan in together if plan.apart.groups]
    return {plan.version: GroupSums(events, together, plan=plan, roster=roster) for plan in with_groups}


class GroupSums:
    """The sums of a plan version's group measures at any moment.

    Args:
        events: what each credit, or all of a group in a segment, adds to every ingredient, of everyone on the versions
            whose sums go on.
        together: those versions.
        plan: the one that is evaluated.
    """

    def __init__(self, events: pl.DataFrame, together: Sequence[Plan], *, plan: Plan, roster: Roster) -> None:
        self._plan, self._roster, self._together = plan, roster, together
        self._keyed = self._with_groups(events)

    def _with_groups(self, events: pl.DataFrame) -> pl.DataFrame:
        """The events, each with its group of each kind as a column."""
        groups = [
            _named(as_told(self._together, partial(KeptApart.place_of_group, among=among)), among)
            for among in sorted({measure.among or "" for measure in self._plan.apart.groups})
        ]
        names = [name for measure in self._plan.apart.groups for name in measure.ingredients]
        return filled(events, names).with_columns(groups)

    def at_the_end(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with what the groups in which participants are at the end of the fiscal period have come to in it."""
        context = context_for(rows, self._plan, roster=self._roster)
        for measure in self._plan.apart.groups:
            among = measure.among or ""
            own = pl.lit(None, dtype=pl.String) if among == "plan" else pl.lit(context.category(category_of(among)))
            rows = self._summed(rows.with_columns(_named(own, among)), measure)
        return rows.drop(column for column in rows.columns if column.startswith("@@"))

    def at_deals(self, rows: pl.DataFrame, *, before: bool, anew: str | None) -> pl.DataFrame:
        """Rows of deals with what the groups in which participants are on the date of the deal have come to before it,
        or with it; `anew` names the column of the deal for each value of which that begins anew."""
        rows = self._with_groups(rows)
        if anew is not None:
            rows = rows.with_columns(self._anew(anew))
        for measure in self._plan.apart.groups:
            rows = self._summed(rows, measure, of_deals=True, before=before, anew=anew)
        return rows.drop(column for column in rows.columns if column.startswith("@@"))

    def _anew(self, column: str) -> pl.Expr:
        """What deals have in a column, those with a blank together."""
        told = as_told(self._together, partial(KeptApart.place_of_fact, column=column))
        return told.fill_null("").alias("@@anew")

    def _summed(
        self,
        rows: pl.DataFrame,
        measure: Measure,
        *,
        of_deals: bool = False,
        before: bool = False,
        anew: str | None = None,
    ) -> pl.DataFrame:
        """The rows with the sums of their groups in place of their own."""
        names = list(measure.ingredients)
        moment = _DEAL if of_deals else _SEGMENT
        by = [f"@@{measure.among}", "@@window"]
        if self._plan.conventions.versions == "restart":
            by.append("@@version")
        keyed = self._keyed
        if anew is not None:
            by.append("@@anew")
            keyed = keyed.with_columns(self._anew(anew))
        # A rolling sum is what everything has come to, less the same just before its window.
        window = window_of(pl.col("fiscal"), "never" if measure.rolling else measure.reset).cast(pl.Int64)
        keys = {"@@window": window, "@@version": pl.col("version")}
        # All moments in their order, each with its number: sums up to one are then found by a number.
        moments = (
            pl.concat([keyed.select(moment), rows.select(moment)])
            .unique()
            .sort(moment, nulls_last=False)
            .with_row_index("@@moment")
        )
        events = keyed.with_columns(**keys).join(moments, on=moment, nulls_equal=True)
        for name in names if measure.distinct is not None else ():
            # The first of a value in the group counts one, whoever brings it, and later ones nothing.
            events = events.sort("@@moment").with_columns(pl.col(name).clip(0, 1))
            value = pl.col("bucket").str.split(",").list.first()
            counts = pl.int_range(pl.len()).over(*by, value, pl.col(name)) == 0
            if measure.rolling is not None:
                moves = leaves if name.endswith(LEAVING) else enters
                counts = moves(
                    pl.col("fiscal"), measure.rolling, of=[*map(pl.col, by), value.alias("told"), pl.col(name)]
                )
            events = events.with_columns(pl.col(name) * counts.cast(pl.Int64))
        sums = (
            events.group_by(*by, "@@moment")
            .agg(wide(name).sum() for name in names)
            .sort("@@moment")
            .with_columns(pl.col(name).cum_sum().over(by) for name in names)
        )
        found = (
            rows.drop(names)
            .with_columns(**keys)
            .with_row_index("@@row")
            .join(moments, on=moment, nulls_equal=True, maintain_order="left")
            .sort("@@moment")
            .join_asof(sums, on="@@moment", by=by, allow_exact_matches=not before, check_sortedness=False)
            .sort("@@row")
            .with_columns(pl.col(names).fill_null(0))
        )
        if measure.rolling is not None:
            gone = _gone(found, sums, measure=measure, by=by, moments=moments)
            found = found.with_columns(found[name] - gone[name] for name in names)
        return narrow(found, *names, what="the sum of a group").drop("@@row", "@@moment", "@@window", "@@version")


def _gone(
    rows: pl.DataFrame, sums: pl.DataFrame, *, measure: Measure, by: list[str], moments: pl.DataFrame
) -> pl.DataFrame:
    """What has left the rolling window of each row, by the names of the ingredients."""
    names = list(measure.ingredients)
    taken = {name: f"{name}{LEAVING}" if f"{name}{LEAVING}" in names else name for name in names}
    before = moments["fiscal"].search_sorted(first_of_window(rows["fiscal"], measure.window), side="left")
    last = pl.Series("@@moment", before.cast(pl.Int64) - 1)
    ended = sums.select(*by, pl.col("@@moment").cast(pl.Int64), *(pl.col(of).alias(n) for n, of in taken.items()))
    left = rows.select(*by).with_columns(last).with_row_index("@@row").sort("@@moment")
    found = left.join_asof(ended, on="@@moment", by=by, check_sortedness=False).sort("@@row")
    return found.with_columns(pl.col(names).fill_null(0))


def as_told(together: Sequence[Plan], place: Callable[[KeptApart], int | None]) -> pl.Expr:
    """What versions have told of their credits as text, each in a place of its own; null where one has told nothing."""
    told = pl.lit(None, dtype=pl.String)
    for plan in together:
        if (of_version := place(plan.apart)) is not None:
            own = pl.col("version") == plan.version
            told = pl.when(own).then(told_in(pl.col("bucket"), of_version)).otherwise(told)
    return told


def _named(group: pl.Expr, among: str) -> pl.Expr:
    """The group as a column; who is in none is alone. No id begins with a slash."""
    name = pl.lit("") if among == "plan" else pl.coalesce(group, pl.lit("/") + pl.col("participant_id"))
    return name.alias(f"@@{among}")
