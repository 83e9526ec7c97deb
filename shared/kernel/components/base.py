"""What all kinds of components share: a gate, multipliers, limits, and how often they are paid.

A kind says what a measure pays, as parts: each part is so much at such a rate. Everything else is here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar, Final, Literal

import polars as pl
from pydantic import Field, model_validator

from shared.formatting import percent, trimmed
from shared.kernel.arithmetic.exact_column import ExactColumn, total, where
from shared.kernel.components.context import DealsInTurn, EvaluationContext, Moment
from shared.kernel.components.multiplier import Multiplier
from shared.kernel.components.part import Part
from shared.kernel.components.unpaid import Unpaid, in_no_row, looked_up_nowhere
from shared.kernel.language.category_texts import Compared
from shared.kernel.language.conventions import Conventions, Reset
from shared.kernel.language.findings import Finding, Path
from shared.kernel.language.formulas import FormulaText, Reference, categories_in, is_condition, references
from shared.kernel.language.measures import Measure
from shared.kernel.language.phrases import Told, spoken
from shared.kernel.language.units import Units
from shared.kernel.language.values import Amount, Figure, Name, OfMeasure, PlanPart, Term, parts_in

AROUND: Final = ("when", "multiply", "minimum", "maximum")
"""The fields of a component around what it pays: they look at the window, also where deals are paid one by one."""


class Kind(PlanPart, ABC):
    """A plan component: a name, a kind, what that kind needs, and what every component may have."""

    component: Name
    """The component's name, which results show."""
    kind: str
    """What kind of component it is."""
    title: str | None = Field(default=None, max_length=200)
    """What people call it."""
    when: FormulaText | None = None
    """A gate: an SQL condition over measures; where it says no, the component pays nothing."""
    multiply: tuple[Multiplier, ...] = ()
    """Factors by which the pay is multiplied."""
    minimum: Figure | None = None
    """The least it pays in a window."""
    maximum: Figure | None = None
    """The most it pays in a window."""
    deal_minimum: Figure | None = None
    """The least that each deal pays, of a split each holder's part of it."""
    deal_maximum: Figure | None = None
    """The most that each deal pays, of a split each holder's part of it."""
    carry_over: bool = False
    """Whether what the maximum cut off is paid in later windows, as far as their maximum leaves room."""
    budget: Amount | None = None
    """The most it pays to everyone on the plan together in a window; where more is due, each has the same part of
    it."""
    first_come: bool = False
    """Whether the budget pays everyone's deals in the order of their dates until it is used up."""
    window: Reset | None = None
    """Over which time its pay is one sum; unless said otherwise that of its measure, or of what it looks at. Each
    period pays what the sum grew by."""
    prorate: Literal["no", "calendar_days", "business_days"] = "no"
    """Whether fixed amounts, targets and the minimum are for the days on which somebody is in role, each figure and
    category for the days on which it holds."""
    pays: Literal["month", "quarter", "half_year", "year"] = "month"
    """How often it is paid: a quarter is paid as a whole in its last month."""

    walks: ClassVar[bool] = True
    """Whether its pay can be told deal by deal; if not, an earning is one line."""
    needs_group: ClassVar[bool] = False
    """Whether it looks at everyone on the plan together."""
    result: ClassVar[str] = "What the component came to"
    """What a statement calls the pay of a kind that cannot be told deal by deal."""

    @property
    def compares(self) -> bool:
        """Whether what it pays one depends on what others on the plan have reached."""
        return type(self).needs_group or self.budget is not None

    @property
    def pays_at_the_end(self) -> bool:
        """Whether what it pays for a fiscal period is known only when the period has ended, and not deal by deal."""
        return self.explained_by_earning

    @property
    def explained_by_earning(self) -> bool:
        """Whether its pay has more in it than its own walk from deal to deal can tell: the earning has to be known."""
        return self.compares or self.carry_over or not type(self).walks

    @abstractmethod
    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """What it pays, row by row, before gate and multipliers."""

    @property
    def pays_without_credits(self) -> bool:
        """Whether it may pay for a month in which there is no credit."""
        return self.minimum is not None or self.carry_over

    @property
    def is_fixed(self) -> bool:
        """Whether it pays amounts that are for a time, such as a target, and no part of what deals came to."""
        return not self.pays_of()

    def moments(self, context: EvaluationContext) -> Sequence[Moment]:
        """The times between which what it is prorated by changes; none where it is not prorated."""
        if self.prorate == "no" or (divided := context.moments) is None:
            return []
        return context.cached("moments", self.component, make=lambda: list(divided(context, self.component)))

    def parts_in_role(self, context: EvaluationContext) -> Sequence[Part]:
        """What it pays, row by row, before gate and multipliers; what is prorated time by time."""
        moments = self.moments(context)
        if not moments or not self.is_fixed:
            return self.parts(context)
        written = trimmed if self.rates_are_amounts else percent
        return [part.prorated(moment, written=written) for moment in moments for part in self.parts(moment.context)]

    def main_measure(self) -> str | None:
        """The measure that a statement shows beside the pay."""
        return getattr(self, "measure", None)

    def paid_measure(self) -> str | None:
        """The measure whose reset is its window: it begins anew when that does."""
        return getattr(self, "measure", None)

    def formulas(self) -> Iterator[tuple[Path, FormulaText]]:
        """Its gate and the factors that are formulas, each with where it stands; of a kind also what it pays, if that
        is one."""
        if self.when is not None:
            yield ("when",), self.when
        for number, multiplier in enumerate(self.multiply):
            if multiplier.by is not None:
                yield ("multiply", number, "by"), multiplier.by
            yield from ((("multiply", number, *path), text) for path, text in multiplier.formulas())

    def categories(self) -> Iterator[tuple[Path, Compared]]:
        """The categories at which it looks, each with the texts that it names, and where."""
        for number, multiplier in enumerate(self.multiply):
            yield from ((("multiply", number, *path), compared) for path, compared in multiplier.compares())
        for path, text in self.formulas():
            yield from ((path, found) for found in categories_in(text))

    def in_no_row(self, context: EvaluationContext) -> Iterator[Unpaid]:
        """Who cannot be paid because the component has no row for a category of theirs."""
        for multiplier in self.multiply:
            yield from looked_up_nowhere(multiplier, context)
        for _, text in self.formulas():
            yield from in_no_row(text, context)

    def uses(self) -> list[Reference]:
        """What it refers to, in its own fields and those of every component."""
        common = [reference for _, text in Kind.formulas(self) for reference in references(text)]
        common += [reference for multiplier in self.multiply for reference in multiplier.looks_at()]
        return [*self.prices_by(), *(found for found in self._figures() if found not in self.prices_by()), *common]

    def prices_by(self) -> list[Reference]:
        """What it refers to but for what is around its pay: gate, multipliers, minimum and maximum."""
        return [*self.refers_to(), *self._figures(AROUND)]

    def _figures(self, but: Sequence[str] = ()) -> list[Reference]:
        """The measures whose values are figures of it, such as a rate."""
        parts = [getattr(self, name) for name in type(self).model_fields if name not in but]
        return [Reference("measure", figure.measure) for part in parts for figure in parts_in(part, OfMeasure)]

    def named(self) -> list[Reference]:
        """What its formulas name, and by what its multipliers look numbers up: whoever explains its pay tells what each
        came to."""
        texts = [reference for _, text in self.formulas() for reference in references(text)]
        looked_up = [reference for multiplier in self.multiply for reference in multiplier.looks_at()]
        return [*self._figures(), *texts, *looked_up]

    def phrases(self, told: Mapping[str, Told], conventions: Conventions) -> dict[str, str]:
        """How what its names came to is said beside them, by name."""
        return {name: f"{name} {said}" for name, (_, said) in told.items()}

    def refers_to(self) -> list[Reference]:
        """What its kind refers to: its measure, unless it says more."""
        measure = self.main_measure()
        return [] if measure is None else [Reference(getattr(self, "on", "amount"), measure)]

    def pays_of(self) -> Sequence[Reference | FormulaText]:
        """The measures and formulas of which it pays a part: a shorter window than theirs would pay them again."""
        return []

    def paid_figures(self) -> Iterator[OfMeasure]:
        """The fixed amounts that are what a measure comes to, of which the same holds."""
        yield from ()

    def pays_by_deal(self, conventions: Conventions, measure: Measure) -> bool:
        """Whether it pays every credit of its main measure by itself, rounded, and its pay is the sum."""
        return self.in_turn

    @property
    def in_turn(self) -> bool:
        """Whether it pays each deal by where the participant stands at it, one deal after the other."""
        return self.limits_deals

    @property
    def limits_deals(self) -> bool:
        """Whether there is a least or a most that each deal pays."""
        return self.deal_minimum is not None or self.deal_maximum is not None

    def looks_at_deal(self) -> Iterator[tuple[Path, str, bool]]:
        """Where it looks at columns of deals paid in turn: the field, the column or formula, if it is a category."""
        yield from ()

    @property
    def deal_columns(self) -> set[str]:
        """The columns of a deal at which it looks."""
        return self.deal_numbers | {text for _, text, category in self.looks_at_deal() if category}

    @property
    def deal_numbers(self) -> set[str]:
        """Those that are numbers."""
        texts = [text for _, text, category in self.looks_at_deal() if not category]
        return {reference.name for text in texts for reference in references(text)}

    def priced_at(self, deals: DealsInTurn) -> EvaluationContext:
        """Where the participant stands at each deal that is paid in turn, as its explanation tells it."""
        return deals.standing

    def parts_in_turn(self, deals: DealsInTurn) -> Sequence[Part]:
        """What each credit pays, for kinds that pay deals in turn."""
        raise TypeError(f"{self.kind} does not pay deals in turn")

    @property
    def own_rate(self) -> Term | None:
        """The rate at which it pays its measure, where that is each participant's own, and so may change after a
        deal."""
        return None

    @property
    def could_round_deals(self) -> bool:
        """Whether whoever writes `round_on: deal` may expect that it rounds what each deal pays."""
        return bool(self.pays_of())

    def deal_parts(self, credited: ExactColumn, context: EvaluationContext) -> Sequence[Part]:
        """What each credit pays by itself, for kinds that pay by the deal; `at` has a row per credit."""
        raise TypeError(f"{self.kind} does not pay by the deal")

    def per_deal(self, credited: ExactColumn, context: EvaluationContext) -> ExactColumn:
        """What the parts of each credit pay together, not rounded."""
        return total([part.pays for part in self.deal_parts(credited, context)], context.height)

    def in_words(self, conventions: Conventions) -> Iterator[str]:
        """What the kind pays, for the plan document: Markdown paragraphs and tables that a rep can follow.

        Gate, multipliers, limits and windows are told for every kind alike; a kind tells its own fields.
        """
        said = {name: getattr(self, name) for name in type(self).model_fields if name not in Kind.model_fields}
        yield f"Pays by its own kind, {self.kind}: " + ", ".join(f"{spoken(n)} {v}" for n, v in said.items()) + "."

    def lint(self, units: Units) -> Iterator[Finding]:
        """What a reader of the kind's own fields would stumble over, with paths from the component on."""
        yield from ()

    def leaves_open(self) -> set[str]:
        """The conventions on which its pay depends."""
        # With points the straight lines meet at a boundary, so nothing hangs on which side it belongs to.
        conventions = {"boundary"} if any(multiplier.has_bounds for multiplier in self.multiply) else set()
        return conventions | ({"zero_quota"} if any(r.kind == "attainment" for r in self.uses()) else set())

    @property
    def rates_are_amounts(self) -> bool:
        """Whether people read the rates of its parts as amounts, and not in percent."""
        return False

    def deal_in_words(self, credited: Fraction, conventions: Conventions) -> str | None:
        """What a deal pays by itself as a product in words, for kinds that pay every deal alone."""
        return None

    def factor(self, context: EvaluationContext) -> ExactColumn | None:
        """Gate and multipliers together; None where there are none."""
        return context.cached("factor", self.component, make=lambda: self._factor(context))

    def standing_in_words(self, everyone: pl.DataFrame, own: Mapping[str, Any], *, currency: str) -> str:
        """Of kinds that look at everyone: what decided somebody's pay, to follow `result`, from the `EARNINGS` of all
        in the period."""
        return ""

    def share(self, context: EvaluationContext) -> ExactColumn | None:
        """Which share of something divided each row has; None for kinds that divide nothing."""
        return None

    def _factor(self, context: EvaluationContext) -> ExactColumn | None:
        factor = None
        for multiplier in self.multiply:
            factor = multiplier.factor(context) if factor is None else factor * multiplier.factor(context)
        if self.when is not None:
            # A closed gate is a factor of zero, so that pay, lines and reasons treat it as any other multiplier.
            factor = where(context.condition(self.when), 1 if factor is None else factor, otherwise=0)
        return factor

    def unpaid(self, context: EvaluationContext) -> Iterator[Unpaid]:
        """Why rows are paid nothing, the most telling reason first; of rows that are paid something it says nothing."""
        if self.when is not None:
            yield Unpaid("gate_closed", self.when, ~context.condition(self.when))
        if self.multiply and (factor := self.factor(context)) is not None:
            yield Unpaid("factor_zero", "", factor.equals(0))
        main = self.main_measure()
        if main is not None and context.conventions.negative == "nothing":
            # `measured` and not `value`, which is already zero there.
            yield Unpaid("below_zero", main, context.measured(context, main) < 0)

    def exact(self, context: EvaluationContext) -> ExactColumn:
        """What it pays row by row before minimum and maximum, not rounded."""

        def due() -> ExactColumn:
            pays = total([part.pays for part in self.parts_in_role(context)], context.height)
            factor = self.factor(context)
            return pays if factor is None else pays * factor

        return context.cached("exact", self.component, make=due)

    def unlimited(self, context: EvaluationContext) -> ExactColumn:
        """What it pays row by row before minimum and maximum, rounded to the currency's smallest unit."""
        return context.rounded(self.exact(context))

    def limited(self, due: ExactColumn, context: EvaluationContext, *, ended: pl.Series | None = None) -> ExactColumn:
        """The pay within minimum and maximum; where `ended` is given, the minimum holds in the rows that it names."""
        if self.minimum is not None:
            # Limits are rounded before they are compared: a minimum of half a cent is the cent that it pays, not a cent
            # less.
            moments = self.moments(context)
            parts = [moment.context.figure(self.minimum) * moment.part for moment in moments]
            least = total(parts, context.height) if moments else context.figure(self.minimum)
            raised = due.greatest(context.rounded(least))
            due = raised if ended is None else where(ended, raised, otherwise=due)
        if self.maximum is not None and not self.carry_over:
            due = due.least(context.rounded(context.figure(self.maximum)))
        return due

    @model_validator(mode="after")
    def _sound(self) -> Kind:
        if self.when is not None and not is_condition(self.when):
            raise ValueError(f"when: {self.when!r} is not a yes/no condition")
        if self.carry_over and self.maximum is None:
            raise ValueError("carry_over needs a maximum: it carries what the maximum cut off")
        if self.limits_deals and type(self).parts_in_turn is Kind.parts_in_turn:
            raise ValueError("deal_minimum and deal_maximum are of kinds that pay each deal by itself: flat, slab …")
        if self.first_come and (self.budget is None or self.carry_over or type(self).needs_group):
            raise ValueError("first_come needs a budget, of a component that neither carries over nor compares people")
        return self


__all__ = ["DealsInTurn", "EvaluationContext", "Kind", "Multiplier", "Part", "Unpaid"]
