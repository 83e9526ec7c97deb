"""Rate tables of any number of dimensions: what their axes look at, and what stands at a place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, Literal, Protocol

import polars as pl
from pydantic import BeforeValidator, model_validator

from shared.kernel.arithmetic.exact_column import ExactColumn, where
from shared.kernel.language.category_texts import CATEGORY, is_one_of
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.formulas import FormulaText, Reference, references
from shared.kernel.language.phrases import between, marks, scale, spoken, table
from shared.kernel.language.sql_in_words import formula_in_words
from shared.kernel.language.values import Amount, Name, PlanPart, number_in_plan

Boundary = Literal["lower", "upper"]


class Standing(Protocol):
    """Where participants stand at some rows, as far as a number is looked up by it."""

    conventions: Conventions

    @property
    def height(self) -> int:
        """How many rows there are."""

    def value(self, measure: str) -> ExactColumn:
        """A measure."""

    def attainment(self, measure: str) -> ExactColumn:
        """A measure by its quota."""

    def scale(self, measure: str, on: str) -> ExactColumn:
        """A measure, or its attainment."""

    def number(self, formula: str) -> ExactColumn:
        """The numbers of a formula."""

    def category(self, name: str) -> pl.Series:
        """A category of the participants, null where it is blank."""


class OfDeals(Protocol):
    """The deals at some rows, as far as a table looks at them."""

    @property
    def number(self) -> Callable[[str], ExactColumn]:
        """A formula over the columns of the deals."""

    @property
    def text(self) -> Callable[[str], pl.Series]:
        """A column of them as text, null for a blank."""


def _numbers(values: Any) -> Any:
    return [_numbers(value) for value in values] if isinstance(values, list | tuple) else number_in_plan(values)


Values = Annotated[Any, BeforeValidator(_numbers)]
"""The values of a table: lists within lists, one level for each axis."""


class Axis(PlanPart):
    """One dimension. It looks at a measure's `attainment` or `amount`, at a `formula`, at a `category` of the
    participant, or at the `deal` that is paid.

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
    deal: FormulaText | None = None
    """With `each: deal`, a column of the deal that it looks at, or an SQL expression over its numbers."""
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
        looks = [self.attainment, self.amount, self.formula, self.category, self.deal]
        if sum(look is not None for look in looks) != 1:
            raise ValueError("an axis looks at one of attainment, amount, formula, category or deal")
        by_name = bool(self.of) and self.deal is not None
        if sum(map(bool, (self.up_to, self.at, self.of))) != 1 or (
            not by_name and bool(self.of) != (self.category is not None)
        ):
            raise ValueError("an axis has up_to (bands) or at (points), and a category has of (names)")
        if by_name and not self.others:
            # Of a person without a place the earning says so; a deal without one would be paid nothing in silence.
            raise ValueError("of names some values of a deal's column: say others: true, and what all other deals give")
        if len(set(self.of)) < len(self.of):
            twice = next(name for name in self.of if self.of.count(name) > 1)
            raise ValueError(f"of names {twice} twice: a category has one place on the axis")
        if "" in self.of:
            raise ValueError("of names a blank: who has no category belongs to everybody else, others: true")
        if self.others and not self.of:
            raise ValueError("others is for a category: it says what everybody else is given")
        for given in (self.up_to, self.at):
            if any(low >= high for low, high in pairwise(given)):
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
        if self.deal is not None:
            return f"{formula_in_words(self.deal)} of the deal"
        return formula_in_words(self.formula) if self.formula is not None else spoken(self.category or "")

    def places(self, boundary: Boundary) -> list[str]:
        """Its places in words."""
        on = "attainment" if self.attainment is not None else "amount"
        if self.up_to:
            return between([*self.up_to, None], on, boundary=boundary)
        return marks(self.at, on) or [*self.of, *([self._else] if self.others else [])]

    @property
    def _else(self) -> str:
        return "everybody else" if self.deal is None else "everything else"

    @property
    def looks_at(self) -> Reference:
        """What it looks at."""
        looks = {
            "attainment": self.attainment,
            "measure": self.amount,
            CATEGORY: self.category,
            "formula": self.formula,
            "deal": self.deal,
        }
        return next(Reference(kind, name) for kind, name in looks.items() if name is not None)

    def refers_to(self) -> list[Reference]:
        """The measures and categories of the participant at which it looks."""
        if self.formula is not None:
            return references(self.formula)
        return [] if self.deal is not None else [self.looks_at]

    def place_of(self, value: str | None, *, boundary: Boundary) -> str:
        """Where a value, a number as text or a name, lies on it in words; empty where that is the value itself."""
        if self.of:
            return "" if value in self.of else self._else
        number, on = Decimal(value or 0), "attainment" if self.attainment is not None else "amount"
        if self.up_to:
            ends = [end for end in self.up_to if (number > end if boundary == "lower" else number >= end)]
            return self.places(boundary)[len(ends)]
        written = dict(zip(self.at, marks(self.at, on), strict=True))
        if number in written:
            return ""
        below, above = [at for at in self.at if at < number], [at for at in self.at if at > number]
        if not below or not above:
            return f"as at {written[self.at[-1 if below else 0]]}"
        return f"between {written[below[-1]]} and {written[above[0]]}"

    def nobody(self, at: Standing) -> Iterator[tuple[str, pl.Series]]:
        """The category that it looks at, and the rows that have no place on it."""
        if self.category is not None and not self.others:
            yield self.category, ~is_one_of(at.category(self.category), self.of)

    def named(self, context: Standing, deals: OfDeals | None) -> pl.Series:
        """The category that it looks at, row by row."""
        if deals is not None and self.deal is not None:
            return deals.text(self.deal)
        return context.category(self.category or "")

    def value(self, context: Standing, deals: OfDeals | None) -> ExactColumn:
        """What it looks at, row by row."""
        if self.deal is not None:
            assert deals is not None
            return deals.number(self.deal)
        if self.attainment is not None:
            return context.attainment(self.attainment)
        return context.value(self.amount) if self.amount is not None else context.number(self.formula or "0")


def check_values(values: Any, axes: Sequence[Axis]) -> None:
    """Check that there is a value for each place.

    Raises:
        ValueError: there is not; says where.
    """
    _check(values, [axis.size for axis in axes], name="values")


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


def in_tables(
    values: Any, axes: Sequence[Axis], *, cell: Callable[[Decimal], str], boundary: Boundary
) -> Iterator[str]:
    """The table in words: the first axis downwards and the next to the right; further ones in tables of their own."""
    first, rest = axes[0], axes[1:]
    places = first.places(boundary)
    if len(axes) > 2:
        for place, inner in zip(places, values, strict=True):
            yield f"{first.title}: {place}"
            yield from in_tables(inner, rest, cell=cell, boundary=boundary)
    elif rest:
        corner = f"{first.title} / {rest[0].title}"
        rows = [[place, *map(cell, row)] for place, row in zip(places, values, strict=True)]
        yield table([corner, *rest[0].places(boundary)], rows)
    else:
        yield table([first.title, "gives"], zip(places, map(cell, values), strict=True))


def by_category(
    named: pl.Series, gives: Mapping[str, ExactColumn | Fraction], *, others: ExactColumn | Fraction
) -> ExactColumn:
    """What is given to each category by name, and to everybody else, a blank category too."""
    given = others
    for name, value in gives.items():
        given = where((named == name).fill_null(value=False), value, otherwise=given)
    return given if isinstance(given, ExactColumn) else ExactColumn.constant(given, len(named))


def reached(value: ExactColumn, end: ExactColumn | Fraction, *, boundary: Boundary) -> ExactColumn:
    """1 in the rows where the value has left the tier that ends at `end` behind, else 0."""
    # As a number and not as yes or no, since tiers multiply by it.
    return where(value > end if boundary == "lower" else value >= end, 1, otherwise=0)


def looked_up(values: Any, axes: Sequence[Axis], *, at: Standing, deals: OfDeals | None = None) -> ExactColumn:
    """The table's value row by row: along the first axis, of what the others give at each of its places."""
    # Of each axis once: the table below looks at the second as often as the first has places.
    looked_at = [axis.named(at, deals) if axis.of else axis.value(at, deals) for axis in axes]
    return _along(list(zip(axes, looked_at, strict=True)), values, at=at)


def _along(axes: Sequence[tuple[Axis, ExactColumn | pl.Series]], values: Any, *, at: Standing) -> ExactColumn:
    if not axes:
        return ExactColumn.constant(Fraction(values), at.height)
    (axis, value), rest = axes[0], axes[1:]
    given = [_along(rest, inner, at=at) for inner in values]
    if isinstance(value, pl.Series):
        # Who is in no row is given zero here; that this is a problem and not a zero of the table says `in_no_row`.
        others = given[-1] if axis.others else Fraction(0)
        return by_category(value, dict(zip(axis.of, given, strict=False)), others=others)
    result = given[0]
    if axis.up_to:
        for end, following in zip(axis.up_to, given[1:], strict=True):
            result = where(
                reached(value, Fraction(end), boundary=at.conventions.boundary).equals(1),
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


def flat(values: Any) -> list[Decimal]:
    """All values of a table in the order of its places; none of no table."""
    if isinstance(values, list):
        return [number for inner in values for number in flat(inner)]
    return [] if values is None else [values]
