"""The roster as the kernel reads it: assignments and quotas, each attribute on its own timeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

import polars as pl

from shared.facts import Facts
from shared.kernel.tables import ASSIGNMENTS, CATEGORIES, FIGURES, QUOTAS, empty

EVERY = "*"
"""In the place of a measure, the quota of every one."""


@dataclass(frozen=True)
class Roster:
    """Assignments, quotas, terms, scores and the company's own categories, sorted by effective date, as as-of joins
    need them."""

    assignments: pl.DataFrame
    quotas: pl.DataFrame
    terms: pl.DataFrame = field(default_factory=lambda: empty(FIGURES))
    scores: pl.DataFrame = field(default_factory=lambda: empty(FIGURES))
    categories: pl.DataFrame = field(default_factory=lambda: empty(CATEGORIES))

    def quotas_of(self, measure: str, *, is_share: bool) -> pl.DataFrame:
        """The quotas of a measure: its own, and beside them, unless it is a share of a whole by itself, those for every
        measure.

        What is said for the measure goes before what is said for all from the same date on.
        """
        if is_share or not self._for_every_measure:
            return self.quotas.filter(pl.col("measure") == measure)
        both = self.quotas.filter(pl.col("measure").is_in([EVERY, measure])).sort(
            "effective_from", pl.col("measure") != EVERY
        )
        # Sorted so that the measure's own comes last of a day, and the last of each is kept.
        return both.unique(["participant_id", "effective_from"], keep="last", maintain_order=True)

    @cached_property
    def _for_every_measure(self) -> bool:
        return EVERY in self.quotas["measure"]

    @cached_property
    def may_turn_in_circles(self) -> bool:
        """Whether anyone could be their own manager's manager, on whatever dates: then chains must be watched."""
        above: dict[str, set[str]] = {}
        for participant, manager in self.assignments.select("participant_id", "manager").unique().iter_rows():
            if manager is not None:
                above.setdefault(participant, set()).add(manager)
        try:
            TopologicalSorter(above).prepare()
        except CycleError:
            return True
        return False

    def only(self, participants: Iterable[str]) -> Roster:
        """The roster of these participants."""
        those = pl.col("participant_id").is_in(sorted(set(participants)))
        return Roster(*(table.filter(those) for table in self.tables))

    @property
    def tables(self) -> tuple[pl.DataFrame, ...]:
        """Everything that it says, in the order of the fields."""
        return (self.assignments, self.quotas, self.terms, self.scores, self.categories)

    @staticmethod
    def of(
        assignments: pl.DataFrame,
        quotas: pl.DataFrame | None = None,
        *,
        terms: pl.DataFrame | None = None,
        scores: pl.DataFrame | None = None,
        categories: pl.DataFrame | None = None,
    ) -> Roster:
        """A roster of tables in any row order; position and territory may be left out."""
        missing = [
            pl.lit(None, dtype=pl.String).alias(n) for n in ("position", "territory") if n not in assignments.columns
        ]
        return Roster(
            assignments.with_columns(missing).select(ASSIGNMENTS.names()).sort("effective_from"),
            *(
                (empty(schema) if table is None else table).select(schema.names()).sort("effective_from")
                for table, schema in (
                    (quotas, QUOTAS),
                    (terms, FIGURES),
                    (scores, FIGURES),
                    (categories, CATEGORIES),
                )
            ),
        )

    @staticmethod
    def from_facts(participants: Iterable[tuple[str, Facts]]) -> Roster:
        """The roster of merged facts, whose dated paths are `<date>/<attribute>` and `<date>/quota.<measure>`,
        `quota.*` for every measure, `term.<name>`, `score.<measure>` and `category.<name>`."""
        assignments: list[tuple[Any, ...]] = []
        figures: dict[str, list[tuple[Any, ...]]] = {"quota": [], "term": [], "score": [], "category": []}
        for participant_id, facts in participants:
            changes = changes_by_date(facts)
            assignments += [(participant_id, *row) for row in _carried_forward(changes)]
            for day, attributes in changes:
                for attribute, value in attributes.items():
                    kind, dot, name = attribute.partition(".")
                    if dot:
                        own = value if value is None or kind == "category" else Decimal(value)
                        figures[kind].append((participant_id, name, day, own))
        return Roster.of(
            pl.DataFrame(assignments, schema=ASSIGNMENTS, orient="row"),
            pl.DataFrame(figures["quota"], schema=QUOTAS, orient="row"),
            terms=pl.DataFrame(figures["term"], schema=FIGURES, orient="row"),
            scores=pl.DataFrame(figures["score"], schema=FIGURES, orient="row"),
            categories=pl.DataFrame(figures["category"], schema=CATEGORIES, orient="row"),
        )


def changes_by_date(facts: Facts) -> list[tuple[date, dict[str, Any]]]:
    """What a participant's facts set, by effective date in rising order."""
    dated: dict[date, dict[str, Any]] = {}
    for path, held in facts.items():
        day, slash, attribute = path.partition("/")
        if slash:
            dated.setdefault(date.fromisoformat(day), {})[attribute] = held[0]
    return sorted(dated.items())


def _carried_forward(changes: Iterable[tuple[date, dict[str, Any]]]) -> Iterator[tuple[Any, ...]]:
    """Each date's assignment, where what a change leaves out is taken from before it."""
    state: dict[str, Any] = {}
    for day, attributes in changes:
        state |= attributes
        yield (
            day,
            state.get("manager"),
            state.get("plan"),
            state.get("active") is not False,
            state.get("position"),
            state.get("territory"),
        )
