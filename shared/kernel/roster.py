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

from shared.contracts.roster import EVERYONE
from shared.facts import Facts
from shared.kernel.language.category_texts import ROSTER_CATEGORIES
from shared.kernel.tables import ASSIGNMENTS, CATEGORIES, FIGURES, QUOTAS, empty

EVERY = "*"
"""In the place of a measure, the quota of every one."""


def alias_key(name: pl.Expr) -> pl.Expr:
    """What names are compared by: addresses of e-mail in small letters, ids of systems as they are."""
    return pl.when(name.str.contains("@", literal=True)).then(name.str.to_lowercase()).otherwise(name)


@dataclass(frozen=True)
class Roster:
    """Assignments, quotas, terms, scores and the company's own categories, sorted by effective date, as as-of joins
    need them, figures of everyone under `EVERYONE`; and aliases, which hold whenever a deal closes: a new address does
    not take the deals of the old one away.
    """

    assignments: pl.DataFrame
    quotas: pl.DataFrame
    terms: pl.DataFrame = field(default_factory=lambda: empty(FIGURES))
    scores: pl.DataFrame = field(default_factory=lambda: empty(FIGURES))
    categories: pl.DataFrame = field(default_factory=lambda: empty(CATEGORIES))
    aliases: pl.DataFrame = field(default_factory=lambda: empty(CATEGORIES))

    @cached_property
    def by_alias(self) -> pl.DataFrame:
        """alias, participant_id: names that mean exactly one participant, and are not the id as it is."""
        one = self._names.filter(pl.col("whose").list.len() == 1)
        return one.select("alias", participant_id=pl.col("whose").list.first())

    @cached_property
    def shared_aliases(self) -> pl.DataFrame:
        """alias, whose: names of several participants, who are listed."""
        return self._names.filter(pl.col("whose").list.len() > 1)

    @cached_property
    def odd_ids(self) -> pl.Series:
        """Ids that names are not compared by: addresses of e-mail with capital letters."""
        return self._ids.filter(pl.col("alias") != pl.col("participant_id"))["participant_id"]

    @cached_property
    def _ids(self) -> pl.DataFrame:
        ids = self.assignments.select("participant_id").unique()
        return ids.with_columns(alias=alias_key(pl.col("participant_id")))

    @cached_property
    def _names(self) -> pl.DataFrame:
        odd = self._ids.filter(
            pl.col("participant_id").is_in(self.odd_ids.implode()),
            ~pl.col("alias").is_in(self._ids["participant_id"].implode()),
        )
        given = self.aliases.drop_nulls("value").select("participant_id", alias=alias_key(pl.col("value")))
        # An id goes before an alias: whoever has it is meant.
        names = pl.concat([odd, given.join(self._ids, on="alias", how="anti")])
        return names.group_by("alias").agg(whose=pl.col("participant_id").unique().sort()).sort("alias")

    def who_is(self, names: Iterable[str]) -> dict[str, str]:
        """Whom names mean that are compared as `alias_key` says; a name that is no alias means itself."""
        meant = dict(self.by_alias.iter_rows())
        return {name: meant.get(name, name) for name in names}

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

    def of_category(self, name: str) -> pl.DataFrame:
        """participant_id, effective_from, value: what each is of a category from when on; null where it ends."""
        if name in ROSTER_CATEGORIES:
            return self.assignments.select("participant_id", "effective_from", value=name)
        return self.categories.filter(pl.col("name") == name).select("participant_id", "effective_from", "value")

    @cached_property
    def has_everyones(self) -> bool:
        """Whether any figure was entered once for everyone."""
        return any(EVERYONE in table["participant_id"] for table in (self.quotas, self.terms, self.scores))

    def scored_days(self, names: Iterable[str]) -> pl.DataFrame:
        """participant_id, day: for whom one of some scores was entered on which day, alone or with everyone; by day."""
        rows = self.scores.filter(pl.col("name").is_in(list(names))).select("participant_id", day="effective_from")
        for_everyone = pl.col("participant_id") == EVERYONE
        own, everyones = rows.filter(~for_everyone), rows.filter(for_everyone)
        if everyones.is_empty():
            return own.sort("day")
        people = self.assignments.select("participant_id").unique()
        return pl.concat([own, people.join(everyones.select("day").unique(), how="cross")]).sort("day")

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
        """The roster of these participants, with the figures that are everyone's."""
        those = pl.col("participant_id").is_in(sorted({*participants, EVERYONE}))
        return Roster(*(table.filter(those) for table in self.tables))

    @property
    def spans(self) -> pl.DataFrame:
        """The assignments, each with the day from which on the next one holds (`until`; null: none)."""
        return self.assignments.with_columns(until=pl.col("effective_from").shift(-1).over("participant_id"))

    @property
    def tables(self) -> tuple[pl.DataFrame, ...]:
        """Everything that it says, in the order of the fields."""
        return (self.assignments, self.quotas, self.terms, self.scores, self.categories, self.aliases)

    @staticmethod
    def of(
        assignments: pl.DataFrame,
        quotas: pl.DataFrame | None = None,
        *,
        terms: pl.DataFrame | None = None,
        scores: pl.DataFrame | None = None,
        categories: pl.DataFrame | None = None,
        aliases: pl.DataFrame | None = None,
    ) -> Roster:
        """A roster of tables in any row order; position, territory and leave may be left out."""
        optional = ("position", "territory", "on_leave")
        missing = [pl.lit(None, dtype=ASSIGNMENTS[n]).alias(n) for n in optional if n not in assignments.columns]
        return Roster(
            assignments.with_columns(missing).select(ASSIGNMENTS.names()).sort("effective_from"),
            *(
                (empty(schema) if table is None else table).select(schema.names()).sort("effective_from")
                for table, schema in (
                    (quotas, QUOTAS),
                    (terms, FIGURES),
                    (scores, FIGURES),
                    (categories, CATEGORIES),
                    (aliases, CATEGORIES),
                )
            ),
        )

    @staticmethod
    def from_facts(participants: Iterable[tuple[str, Facts]]) -> Roster:
        """The roster of merged facts, whose dated paths are `<date>/<attribute>` and `<date>/quota.<measure>`,
        `quota.*` for every measure, `term.<name>`, `score.<measure>`, `category.<name>` and `alias.<system>`; of
        `EVERYONE` the figures count.
        """
        assignments: list[tuple[Any, ...]] = []
        kinds = ("quota", "term", "score", "category", "alias")
        figures: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in kinds}
        for participant_id, facts in participants:
            changes = changes_by_date(facts)
            if participant_id != EVERYONE:
                assignments += [(participant_id, *row) for row in _carried_forward(changes)]
            for day, attributes in changes:
                for attribute, value in attributes.items():
                    kind, dot, name = attribute.partition(".")
                    if dot:
                        own = value if value is None or kind in ("category", "alias") else Decimal(value)
                        figures[kind].append((participant_id, name, day, own))
        return Roster.of(
            pl.DataFrame(assignments, schema=ASSIGNMENTS, orient="row"),
            pl.DataFrame(figures["quota"], schema=QUOTAS, orient="row"),
            terms=pl.DataFrame(figures["term"], schema=FIGURES, orient="row"),
            scores=pl.DataFrame(figures["score"], schema=FIGURES, orient="row"),
            categories=pl.DataFrame(figures["category"], schema=CATEGORIES, orient="row"),
            aliases=pl.DataFrame(figures["alias"], schema=CATEGORIES, orient="row"),
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
            state.get("on_leave") is True,
        )
