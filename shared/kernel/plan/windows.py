"""Windows: over which time each component of a plan is summed and paid as one sum.

What is only looked at, by a gate, a curve or a rate, may have any window: a bonus of each month may depend on the year
to date. What is paid must be paid over the window in which it adds up: in a shorter one the same sum would be paid
again, in a longer one the end of each would be lost. `window_checks` refuses both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property

from shared.kernel.components import Component
from shared.kernel.language.conventions import RESETS, Reset, Window
from shared.kernel.language.formula_sums import added_up
from shared.kernel.language.formulas import Reference
from shared.kernel.language.measures import Measure


class Windows:
    """The windows of the components of a plan.

    Args:
        components: each after those to whose pay it refers, since its window may follow from theirs.
        measures: of the plan.
        by_deal: the components that pay every deal by itself.
    """

    def __init__(
        self, components: Sequence[Component], measures: Iterable[Measure], *, by_deal: Collection[str]
    ) -> None:
        self._components, self._by_deal = components, by_deal
        self._measures: dict[str, Measure] = {}
        for measure in measures:
            self._measures.setdefault(measure.measure, measure)  # of two of a name, which the plan refuses, the first

    def of(self, component: Component) -> Reset:
        """Over which time its pay is one sum, within its minimum and maximum: what it says, or that of its measure."""
        return component.window or self.of_measure(component)

    def of_measure(self, component: Component) -> Reset:
        """After which time what it looks at begins anew: the reset of its measure.

        Without a measure it is the longest reset of what it pays a part of, so that nothing is paid twice, or else of
        what its amount looks at; of a fixed amount the shortest of what its gate looks at, but for what never begins
        anew by itself, such as a factor by category; and without a gate how often it is paid.
        """
        return self._of_measures[component.component]

    def of_ingredient(self, ingredient: str) -> Window:
        """Over which time an ingredient adds up: that of its measure, or of the component whose deals it sums."""
        if ingredient.startswith("@"):
            return next(self.of(each) for each in self._components if each.component == ingredient[1:])
        return self._measures[ingredient.partition("/")[0]].window

    def sums_of(
        self, paid: Sequence[Reference | str], window: Callable[[Component], Reset] | None = None
    ) -> list[tuple[str, Reset]]:
        """The sums and counts that names and formulas come to, through formulas and components, and when each begins
        anew; `window` says it of components."""
        window = window or self.of
        known: dict[Reference, dict[str, int]] = {}  # formulas may name each other again and again

        def of(reference: Reference) -> dict[str, int]:
            if reference not in known:
                known[reference] = {}  # while it is being worked out: a circle, which the plan refuses, adds nothing
                known[reference] = sums(reference)
            return known[reference]

        def sums(reference: Reference) -> dict[str, int]:
            if reference.kind == "pay":
                other = self._component(reference.name)
                return {reference.name: RESETS.index(window(other))} if other is not None else {}
            measure = self._measures.get(reference.name) if reference.kind in ("measure", "amount") else None
            if measure is not None and measure.formula is not None:
                return added_up(measure.formula, of)
            if measure is not None and (measure.adds_up or measure.pay_of):
                return {measure.measure: RESETS.index(measure.reset)}
            return {}

        lengths = (of(source) if isinstance(source, Reference) else added_up(source, of) for source in paid)
        return [(name, RESETS[length]) for by_name in lengths for name, length in by_name.items()]

    @cached_property
    def _of_measures(self) -> dict[str, Reset]:
        resets: dict[str, Reset] = {}
        for component in self._components:
            resets[component.component] = self._of_measure(component, resets)
        return resets

    def _of_measure(self, component: Component, known: dict[str, Reset]) -> Reset:
        # What deals pay by themselves is summed as it is over the window that was said, whatever the reset of their
        # measure.
        if component.window is not None and component.component in self._by_deal:
            return component.window
        main = self._measures.get(component.paid_measure() or "")
        if main is not None:
            return main.reset
        pays = self.sums_of(component.pays_of(), lambda other: other.window or known[other.component])
        looks_at = [reset for _, reset in pays] or self._resets(component.refers_to(), known)
        uses = component.uses()
        gated_by = self._resets(filter(self._runs, uses), known) or self._resets(uses, known)
        if looks_at:
            return max(looks_at, key=RESETS.index)
        return min(gated_by, key=RESETS.index) if gated_by else component.pays

    def _resets(self, references: Iterable[Reference], known: dict[str, Reset]) -> list[Reset]:
        resets: list[Reset] = []
        for reference in dict.fromkeys(references):
            paid = self._component(reference.name) if reference.kind == "pay" else None
            measure = self._measures.get(reference.name) if reference.is_measure else None
            if paid is not None:
                resets.append(paid.window or known[reference.name])
            elif measure is not None:
                resets.append(measure.reset)
        return resets

    def _runs(self, reference: Reference, above: frozenset[str] = frozenset()) -> bool:
        """Whether something of a period is under it: credits, a score or pay; not so a lookup by a category, or a
        formula of terms, whose reset says nothing.
        """
        measure = self._measures.get(reference.name) if reference.is_measure else None
        if measure is None:
            return reference.kind == "pay"
        if measure.formula is None and measure.lookup is None:
            return True
        above |= {measure.measure}  # names of a circle, which the plan refuses
        return any(self._runs(part, above) for part in measure.builds_on() if part.name not in above)

    def _component(self, name: str) -> Component | None:
        return next((component for component in self._components if component.component == name), None)


def is_longer(one: Reset, other: Reset) -> bool:
    """Whether sums that begin anew after the one time go on for longer than those of the other."""
    return RESETS.index(one) > RESETS.index(other)
