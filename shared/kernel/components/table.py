"""Rate tables of any number of dimensions: bands, points between which is interpolated, and categories, each an
axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from shared.formatting import percent, trimmed
from shared.kernel.arithmetic.exact_column import ExactColumn, where
from shared.kernel.components.base import EvaluationContext, Kind, Part, Unpaid
from shared.kernel.components.lookup import by_category, reached
from shared.kernel.components.unpaid import no_category
from shared.kernel.language.category_texts import CATEGORY, Compared
from shared.kernel.language.findings import Finding, Path
from shared.kernel.language.formulas import FormulaText, Reference, references
from shared.kernel.language.phrases import between, figure_in_words, mark, scale, spoken, table
from shared.kernel.language.plausibility import suspicious_tiers
from shared.kernel.language.sql_in_words import formula_in_words
from shared.kernel.language.units import Units
from shared.kernel.language.values import Amount, Figure, Name, PlanPart, number_in_plan


class Axis(PlanPart):
    """One dimension. It looks at a measure's `attainment` or `amount`, at a `formula`, or at a `category` of the
    participant.

    `up_to`: bands, one more than there are bounds. `at`: points, with straight lines between. `of`: categories by name,
    and with `others: true` one place more, the last, for everybody else.
    """

    attainment: Name | None = None
    """A measure whose attainment it looks at."""
    amount: Name | None = None
    """A measure whose amount it looks at."""
    formula: FormulaText | None = None
    """An SQL expression that it looks at."""
    category: Name | None = None
    """A category of the participant that it looks at: position, territory, manager, participant_id, or one of the
    company's own."""
    up_to: tuple[Amount, ...] = ()
    """Bands: their bounds; the table has one value more."""
    at: tuple[Amount, ...] = ()
    """Points, between which is interpolated."""
    of: tuple[str, ...] = ()
    """The names of the category."""
    others: bool = False
    """Whether the table has one value more, the last, for everybody whose category is none of the names, or blank."""

    @model_validator(mode="after")
    def _in_one_way(self) -> Axis:
        looks = [self.attainment, self.amount, self.formula, self.category]
        if sum(look is not None for look in looks) != 1:
            raise ValueError("an axis looks at one of attainment, amount, formula or category")
        if sum(map(bool, (self.up_to, self.at, self.of))) != 1 or bool(self.of) != (self.category is not None):
            raise ValueError("an axis has up_to (bands) or at (points), and a category has of (names)")
        if len(set(self.of)) < len(self.of):
            twice = next(name for name in self.of if self.of.count(name) > 1)
            raise ValueError(f"of names {twice} twice: a category has one place on the axis")
        if "" in self.of:
            raise ValueError("of names a blank: who has no category belongs to everybody else, others: true")
        if self.others and not self.of:
            raise ValueError("others is for a category: it says what everybody else is given")
        for marks in (self.up_to, self.at):
            if any(low >= high for low, high in pairwise(marks)):
                raise ValueError("the marks of an axis must rise")
        if len(self.at) == 1:
            raise ValueError("an axis of points has at least two")
        return self

    @property
    def size(self) -> int:
        """How many values the table has along it."""
        return len(self.up_to) + 1 if self.up_to else len(self.at or self.of) + self.others

    @property
    def title(self) -> str:
        """What it looks at, in words."""
        if self.attainment is not None:
            return scale(self.attainment, "attainment")
        if self.amount is not None:
            return scale(self.amount, "amount")
        return formula_in_words(self.formula) if self.formula is not None else spoken(self.category or "")

    def places(self) -> list[str]:
        """Its places in words."""
        on = "attainment" if self.attainment is not None else "amount"
        if self.up_to:
            return between([*self.up_to, None], on)
        return [mark(point, on) for point in self.at] or [*self.of, *(["everybody else"] if self.others else [])]

    def refers_to(self) -> list[Reference]:
        """What it looks at."""
        if self.attainment is not None:
            return [Reference("attainment", self.attainment)]
        if self.amount is not None:
            return [Reference("amount", self.amount)]
        if self.category is not None:
            return [Reference(CATEGORY, self.category)]
        return references(self.formula) if self.formula is not None else []

    def in_no_row(self, context: EvaluationContext) -> Iterator[Unpaid]:
        """The rows whose category has no place on it."""
        if self.category is not None and not self.others:
            known = context.category(self.category).is_in(self.of).fill_null(value=False)
            yield no_category(context, self.category, ~known)

    def value(self, context: EvaluationContext) -> ExactColumn:
        """What it looks at, row by row."""
        if self.attainment is not None:
            return context.attainment(self.attainment)
        return context.value(self.amount) if self.amount is not None else context.number(self.formula or "0")


def _numbers(values: Any) -> Any:
    return [_numbers(value) for value in values] if isinstance(values, list | tuple) else number_in_plan(values)


Values = Annotated[Any, BeforeValidator(_numbers)]


class Table(Kind):
    """`kind: table` pays what the table gives: a `rate` of the `measure`, a share of the `target`, or an amount.

    `values` are lists within lists, one level for each of `axes`.
    """

    kind: Literal["table"]
    measure: Name | None = None
    """What the table gives a rate of."""
    target: Figure | None = None
    """What the table gives a share of."""
    axes: tuple[Axis, ...] = Field(min_length=1, max_length=8)
    """The dimensions."""
    values: Values
    """Lists within lists, one level for each axis."""

    @model_validator(mode="after")
    def _fits(self) -> Table:
        if self.measure is not None and self.target is not None:
            raise ValueError("a table gives a rate of a measure, a share of a target, or amounts: not two of them")
        _check(self.values, [axis.size for axis in self.axes], name="values")
        return self

    @property
    def rates_are_amounts(self) -> bool:
        """Amounts, where the table gives neither a rate nor a share."""
        return self.measure is None and self.target is None

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

    def in_words(self) -> Iterator[str]:
        """The table, with one axis downwards and the next to the right; further ones in tables of their own."""
        if self.measure is not None:
            yield f"Pays a rate of {spoken(self.measure)}, which this table gives:"
        elif self.target is not None:
            yield f"Pays a share of the target, {figure_in_words(self.target)}, which this table gives:"
        else:
            yield "Pays the amount that this table gives:"
        cell = percent if self.measure is not None or self.target is not None else trimmed
        yield from _tables(self.values, self.axes, cell=cell)
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

    def leaves_open(self) -> set[str]:
        """To which band a value on a boundary belongs."""
        return super().leaves_open() | ({"boundary"} if any(axis.up_to for axis in self.axes) else set())

    def formulas(self) -> Iterator[tuple[Path, FormulaText]]:
        """Axes that are formulas, too."""
        yield from super().formulas()
        yield from ((("axes", n, "formula"), axis.formula) for n, axis in enumerate(self.axes) if axis.formula)

    def categories(self) -> Iterator[tuple[Path, Compared]]:
        """Those of axes, too."""
        for number, axis in enumerate(self.axes):
            if axis.category is not None:
                yield ("axes", number, "of"), Compared(axis.category, axis.of)
        yield from super().categories()

    def in_no_row(self, context: EvaluationContext) -> Iterator[Unpaid]:
        """Who has no place on an axis, too."""
        for axis in self.axes:
            yield from axis.in_no_row(context)
        yield from super().in_no_row(context)

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """One part: the measure, the target, or 1, at what the table gives."""
        given = _looked_up(self.values, self.axes, context=context)
        if self.measure is not None:
            return [Part("by the table", context.value(self.measure), given)]
        if self.target is not None:
            return [Part("of the target, by the table", context.figure(self.target), given)]
        return [Part("by the table", given, Fraction(1))]


def _tables(values: Any, axes: Sequence[Axis], *, cell: Callable[[Decimal], str]) -> Iterator[str]:
    first, rest = axes[0], axes[1:]
    if len(axes) > 2:
        for place, inner in zip(first.places(), values, strict=True):
            yield f"{first.title}: {place}"
            yield from _tables(inner, rest, cell=cell)
    elif rest:
        corner = f"{first.title} / {rest[0].title}"
        rows = [[place, *map(cell, row)] for place, row in zip(first.places(), values, strict=True)]
        yield table([corner, *rest[0].places()], rows)
    else:
        yield table([first.title, "gives"], zip(first.places(), map(cell, values), strict=True))


def _check(values: Any, sizes: Sequence[int], *, name: str) -> None:
    if not sizes:
        if isinstance(values, list):
            raise ValueError(f"{name} is a list, but there is no axis for it")
        return
    if not isinstance(values, list) or len(values) != sizes[0]:
        entries = len(values) if isinstance(values, list) else "one number"
        raise ValueError(f"{name} needs {sizes[0]} entries, one for each place on the axis, not {entries}")
    for number, inner in enumerate(values):
        _check(inner, sizes[1:], name=f"{name}[{number}]")


def _looked_up(values: Any, axes: Sequence[Axis], *, context: EvaluationContext) -> ExactColumn:
    """The table's value row by row: along the first axis, of what the others give at each of its places."""
    if not axes:
        return ExactColumn.constant(Fraction(values), context.height)
    axis, rest = axes[0], axes[1:]
    given = [_looked_up(inner, rest, context=context) for inner in values]
    if axis.of:
        # Who is in no row is given zero here; that this is a problem and not a zero of the table says `in_no_row`.
        others = given[-1] if axis.others else Fraction(0)
        return by_category(
            context.category(axis.category or ""), dict(zip(axis.of, given, strict=False)), others=others
        )
    value = axis.value(context)
    result = given[0]
    if axis.up_to:
        for end, following in zip(axis.up_to, given[1:], strict=True):
            result = where(
                reached(value, Fraction(end), boundary=context.conventions.boundary).equals(1),
                following,
                otherwise=result,
            )
        return result
    for (start, end), (low, high) in zip(pairwise(axis.at), pairwise(given), strict=True):
        share = (value.greatest(Fraction(start)).least(Fraction(end)) - Fraction(start)) / (
            Fraction(end) - Fraction(start)
        )
        result = result + share * (high - low)
    return result
