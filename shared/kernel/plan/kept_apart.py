"""By what the credits of a rule are kept apart, where their sum does not say enough: a column of which values are
counted, the deal and what its pay depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from shared.kernel.components import Component
from shared.kernel.language.category_texts import category_of
from shared.kernel.language.deal_facts import CREDITED
from shared.kernel.language.filters import MONEY
from shared.kernel.language.formulas import Reference
from shared.kernel.language.measures import Measure


class KeptApart:
    """By what the credits of a plan's rules are kept apart.

    Args:
        in_turn: the components that pay deals in turn.
        measures: of the plan.
        followed: what references refer to, through measures.
        first_come: the components whose budget pays deals in the order of their dates.
    """

    def __init__(
        self,
        in_turn: Sequence[Component],
        measures: Sequence[Measure],
        *,
        followed: Callable[[Iterable[Reference]], set[Reference]],
        first_come: Sequence[Component] = (),
    ) -> None:
        self._in_turn, self._measures, self._followed = in_turn, measures, followed
        self._first_come = first_come

    def column_of(self, rule: str) -> str | None:
        """The column by which credits of a rule are told apart in a distinct count."""
        return next((m.distinct.column for m in self._measures if m.distinct is not None and rule in m.rules), None)

    @cached_property
    def one_by_one(self) -> frozenset[str]:
        """The rules of which every credit is kept by itself: of a latest value, and where deals are paid in turn or as
        far as a budget reaches."""
        names = {reference.name for c in self._first_come for reference in self._followed(c.uses())}
        kept = (m.rules for m in self._measures if m.bucket == "@latest" or m.measure in names)
        return self.rules_in_turn.union(*kept)

    @cached_property
    def rules_in_turn(self) -> frozenset[str]:
        """The rules that feed what decides the pay of deals in turn."""
        names = {reference.name for c in self._in_turn for reference in self._followed(c.prices_by())}
        return frozenset(rule for measure in self._measures if measure.measure in names for rule in measure.rules)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """The columns of a deal on which its pay depends where deals are paid in turn."""
        names = {name for component in self._in_turn for name in component.deal_columns} - {CREDITED}
        # What money is worth is only known with its currency.
        return tuple(sorted(names | ({"currency"} if names & set(MONEY) else set())))

    @cached_property
    def groups(self) -> tuple[Measure, ...]:
        """The measures of groups."""
        return tuple(measure for measure in self._measures if measure.among is not None)

    @cached_property
    def rules_of_groups(self) -> frozenset[str]:
        """The rules that feed measures of groups."""
        return frozenset(rule for measure in self.groups for rule in measure.rules)

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The categories that make the groups, of participants on the date of a credit."""
        return tuple(sorted({category_of(m.among) for m in self.groups if m.among not in (None, "plan")}))

    def place_of_fact(self, column: str) -> int | None:
        """Where a column of the deal stands in what is told of a credit; None where it is not told."""
        return 1 + self.facts.index(column) if column in self.facts else None

    def place_of_group(self, among: str) -> int | None:
        """Where the group stands in it; None where it is not told."""
        category = category_of(among)
        return 1 + len(self.facts) + self.attributes.index(category) if category in self.attributes else None

    @cached_property
    def rules_with_share(self) -> frozenset[str]:
        """The rules of whose credits it is told which part of the deal each is: a least or a most of a deal is
        divided by it."""
        paid = {component.main_measure() for component in self._in_turn if component.limits_deals}
        return frozenset(rule for measure in self._measures if measure.measure in paid for rule in measure.rules)

    @property
    def place_of_share(self) -> int:
        """Where that stands in what is told of a credit: after everything else."""
        return 1 + len(self.facts) + len(self.attributes)

    @property
    def by_event(self) -> bool:
        """Whether some credits are looked at beside their sums."""
        return bool(self._in_turn or self.groups or self._first_come)

    def numbers_of(self, rule: str) -> list[str]:
        """The numbers of a deal without which what a rule credits cannot be paid in turn."""
        found: set[str] = set()
        for component in self._in_turn:
            paid = next((m for m in self._measures if m.measure == component.main_measure()), None)
            found |= component.deal_numbers if paid is not None and rule in paid.rules else set()
        return sorted(found - {CREDITED})
