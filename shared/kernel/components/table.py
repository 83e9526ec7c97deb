"""Rate tables of any number of dimensions: bands, points between which is interpolated, and categories, each an
axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field, model_validator

from shared.formatting import percent, trimmed
from shared.kernel.arithmetic.exact_column import where
from shared.kernel.components.base import DealsInTurn, EvaluationContext, Kind, Part, Unpaid
from shared.kernel.components.unpaid import no_category
from shared.kernel.language.axes import Axis, Values, check_values, flat, in_tables, looked_up
from shared.kernel.language.category_texts import Compared
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.findings import Finding, Path
from shared.kernel.language.formulas import FormulaText, Reference, parsed
from shared.kernel.language.phrases import WHOLE_TO_EACH, Told, figure_in_words, spoken
from shared.kernel.language.plausibility import suspicious_tiers
from shared.kernel.language.units import MONEY, Units
from shared.kernel.language.values import Figure, Name, OfMeasure


class Table(Kind):
    """`kind: table` pays what the table gives: a `rate` of the `measure`, a share of the `target`, or an amount.

    `values` are lists within lists, one level for each of `axes`. With `each: deal` it gives each deal of the `measure`
    a rate of what that is credited with, a share of the `target`, or an amount.
    """

    kind: Literal["table"]
    measure: Name | None = None
    """What the table gives a rate of; with `each: deal`, whose deals it pays."""
    target: Figure | None = None
    """What the table gives a share of."""
    each: Literal["deal"] | None = None
    """Whether it is looked at for each deal by itself, with all that the participant has reached at it."""
    gives: Literal["rate", "amount"] = "rate"
    """With `each: deal`, whether it gives a rate, or an amount for each deal."""
    axes: tuple[Axis, ...] = Field(min_length=1, max_length=8)
    """The dimensions."""
    values: Values
    """Lists within lists, one level for each axis."""

    @model_validator(mode="after")
    def _fits(self) -> Table:
        self._checked_each()
        check_values(self.values, self.axes)
        return self

    def _checked_each(self) -> None:
        if self.each is None and self.limits_deals:
            raise ValueError("deal_minimum and deal_maximum are of a table that is looked at for each deal: each: deal")
        if self.each is not None:
            if self.measure is None:
                raise ValueError("each: deal needs a measure: it says whose deals are paid")
            if self.gives == "amount" and self.target is not None:
                raise ValueError("a table gives a share of a target, or amounts: not both")
            return
        if self.measure is not None and self.target is not None:
            raise ValueError("a table gives a rate of a measure, a share of a target, or amounts: not two of them")
        if any(axis.deal for axis in self.axes) or self.gives != "rate":
            raise ValueError("a table looks at deals, and gives each of them an amount, with each: deal")

    @property
    def in_turn(self) -> bool:
        """Where it is looked at for each deal."""
        return self.each is not None or super().in_turn

    def looks_at_deal(self) -> Iterator[tuple[Path, str, bool]]:
        """The axes that look at the deal."""
        for place, axis in enumerate(self.axes):
            if axis.deal is not None:
                yield ("axes", place, "deal"), axis.deal, bool(axis.of)

    @property
    def rates_are_amounts(self) -> bool:
        """Amounts, where the table gives neither a rate nor a share."""
        return self.gives == "amount" or (self.measure is None and self.target is None)

    @property
    def pays_amounts_for_deals(self) -> bool:
        """Amounts, or shares of a target, for each deal."""
        return self.each is not None and (self.gives == "amount" or self.target is not None)

    @property
    def could_round_deals(self) -> bool:
        """It may pay a share of its target, which deals move."""
        return self.target is not None or super().could_round_deals

    @property
    def pays_without_credits(self) -> bool:
        """An amount or a share of the target needs no credit."""
        return self.measure is None or super().pays_without_credits

    def refers_to(self) -> list[Reference]:
        """What it pays and what its axes look at."""
        paid = [Reference("amount", self.measure)] if self.measure is not None else []
        return [*paid, *(reference for axis in self.axes for reference in axis.refers_to())]

    def pays_of(self) -> list[Reference]:
        """The measure of which it gives a rate."""
        return [Reference("measure", self.measure)] if self.measure is not None else []

    def paid_figures(self) -> Iterator[OfMeasure]:
        """The target."""
        if isinstance(self.target, OfMeasure):
            yield self.target

    def in_words(self, conventions: Conventions) -> Iterator[str]:
        """The table, with one axis downwards and the next to the right; further ones in tables of their own."""
        if self.each is not None:
            what = "an amount" if self.gives == "amount" else "a rate of what it is credited with"
            if self.target is not None:
                what = f"a share of the target, {figure_in_words(self.target)}"
            yield f"Pays for each deal of {spoken(self.measure or '')} {what}, which this table gives:"
        elif self.measure is not None:
            yield f"Pays a rate of {spoken(self.measure)}, which this table gives:"
        elif self.target is not None:
            yield f"Pays a share of the target, {figure_in_words(self.target)}, which this table gives:"
        else:
            yield "Pays the amount that this table gives:"
        cell = trimmed if self.rates_are_amounts else percent
        yield from in_tables(self.values, self.axes, cell=cell, boundary=conventions.boundary)
        if self.pays_amounts_for_deals:
            yield WHOLE_TO_EACH
        for axis in self.axes:
            if axis.at:
                yield f"Between the points of {axis.title} it goes along straight lines."

    def lint(self, units: Units) -> Iterator[Finding]:
        """Marks of axes that look like another unit, or leave a gap."""
        for number, axis in enumerate(self.axes):
            on = "attainment" if axis.attainment is not None else "amount"
            for field in ("up_to", "at"):
                ends: Sequence[Decimal] = getattr(axis, field)
                measure = axis.attainment or axis.amount or ""
                findings = suspicious_tiers(
                    ends, [], on=on, measure=measure, unit=units.of(measure), rows=field, field=None
                )
                yield from (finding.under("axes", number) for finding in findings)
        if self.each is None and self.target is None:
            yield from self._meant_for_each(units)

    def _meant_for_each(self, units: Units) -> Iterator[Finding]:
        """Axes along a sum of money that look as if they were meant for one deal: two deals are then underpaid."""
        for number, axis in enumerate(self.axes):
            unit = units.of_node(parsed(axis.formula)) if axis.formula is not None else units.of(axis.amount)
            if unit != MONEY:
                continue
            mend = "if it is meant for each deal by itself, say `each: deal` and let the axis look at `deal: amount`"
            if self.measure is not None and _falls(self.values, number):
                said = "is of all deals of its window, and the rate falls as it rises: two deals are paid less together"
                yield Finding.warning(
                    "P405", ("axes", number), message=f"{axis.title} {said} than each alone", mend=mend
                )
            elif self.measure is None:
                said = "is of all deals of its window, and the table pays one amount for them, however many they are"
                yield Finding.note("P405", ("axes", number), message=f"{axis.title} {said}", mend=mend)

    def leaves_open(self) -> set[str]:
        """To which band a value on a boundary belongs."""
        return super().leaves_open() | ({"boundary"} if any(axis.up_to for axis in self.axes) else set())

    def formulas(self) -> Iterator[tuple[Path, FormulaText]]:
        """Axes that are formulas, too."""
        yield from super().formulas()
        yield from ((("axes", n, "formula"), axis.formula) for n, axis in enumerate(self.axes) if axis.formula)

    def named(self) -> list[Reference]:
        """By what it looks its values up, too."""
        return [*(axis.looks_at for axis in self.axes), *super().named()]

    def phrases(self, told: Mapping[str, Told], conventions: Conventions) -> dict[str, str]:
        """Of an axis also the place on it."""
        said = super().phrases(told, conventions)
        for axis in self.axes:
            if (at := told.get(axis.looks_at.text)) is not None:
                place = axis.place_of(at.value, boundary=conventions.boundary)
                name = axis.looks_at.text if axis.deal is None else axis.title
                said[axis.looks_at.text] = f"{name} {at.said}{f' ({place})' if place else ''}"
        return said

    def categories(self) -> Iterator[tuple[Path, Compared]]:
        """Those of axes, too."""
        for number, axis in enumerate(self.axes):
            if axis.category is not None:
                yield ("axes", number, "of"), Compared(axis.category, axis.of)
        yield from super().categories()

    def in_no_row(self, context: EvaluationContext) -> Iterator[Unpaid]:
        """Who has no place on an axis, too."""
        for axis in self.axes:
            yield from (no_category(context, category, there=there) for category, there in axis.nobody(context))
        yield from super().in_no_row(context)

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """One part: the measure, the target, or 1, at what the table gives."""
        if self.in_turn:
            assert context.per_deal is not None
            return [Part("each deal by the table", context.per_deal(context, self.component), Fraction(1))]
        given = looked_up(self.values, self.axes, at=context)
        if self.measure is not None:
            return [Part("by the table", context.value(self.measure), given)]
        if self.target is not None:
            return [Part("of the target, by the table", context.figure(self.target), given)]
        return [Part("by the table", given, Fraction(1))]

    def parts_in_turn(self, deals: DealsInTurn) -> Sequence[Part]:
        """One part: what each credit is of, the target, or 1, at what the table gives. A credit below zero takes a
        target or an amount back, and one of nothing pays none."""
        given = looked_up(self.values, self.axes, at=deals.standing, deals=deals)
        sign = where(deals.credited > 0, 1, otherwise=where(deals.credited < 0, -1, otherwise=0))
        if self.target is not None:
            return [Part("of the target, by the table", deals.standing.figure(self.target) * sign, given)]
        if self.gives == "amount":
            return [Part("by the table", given * sign, Fraction(1))]
        return [Part("by the table", deals.credited, given)]


def _falls(values: Any, along: int) -> bool:
    """Whether values fall anywhere along an axis."""
    if along:
        return any(_falls(inner, along - 1) for inner in values)
    return any(low > high for one, two in pairwise(map(flat, values)) for low, high in zip(one, two, strict=True))
