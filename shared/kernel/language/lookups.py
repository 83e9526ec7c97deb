"""Looking a number up: in steps, each up to a value, on straight lines between points, by category, or in a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product
from typing import Annotated, Literal, Self

import polars as pl
from pydantic import AfterValidator, Field, model_validator

from shared.formatting import percent, trimmed
from shared.kernel.arithmetic.exact_column import ExactColumn, Number, where
from shared.kernel.language.axes import (
    Axis,
    Boundary,
    Standing,
    Values,
    by_category,
    check_values,
    flat,
    looked_up,
    reached,
)
from shared.kernel.language.category_texts import CATEGORY, CategoryText, Compared, is_one_of
from shared.kernel.language.findings import Finding, Flaws, Path
from shared.kernel.language.formulas import FormulaText, Reference, on_scale
from shared.kernel.language.phrases import between, figure_in_words, listed, mark, scale, spoken
from shared.kernel.language.values import Amount, Figure, Name, PlanPart, Rate, RateFigure

BOUNDARIES: tuple[Boundary, ...] = ("lower", "upper")


class Step(PlanPart):
    """One row: up to where it reaches (the last: no end), and what it gives."""

    up_to: Amount | None = None
    """Where the row ends; the last row has none."""
    gives: Rate
    """What it gives."""


class Point(PlanPart):
    """At this value, that much."""

    at: Amount
    """The value of the measure."""
    gives: Rate
    """What it gives there."""


class PaidTier(PlanPart):
    """One row of tiers: what is paid in it, at a rate or an amount for each 1 of the measure."""

    up_to: Figure | None = None
    """Where the tier ends, or `{term: name}`, the participant's own; the last has none."""
    rate: RateFigure = Decimal(0)
    """What the part of the measure in the tier pays; or `{term: name}`, the participant's own."""
    amount: Figure = Decimal(0)
    """Or what it pays for each 1 of the measure."""

    @property
    def has_amount(self) -> bool:
        """Whether it says an amount."""
        return "amount" in self.model_fields_set

    @property
    def pays(self) -> Figure:
        """Per 1 of the measure."""
        return self.amount if self.has_amount else self.rate

    @property
    def pays_in_words(self) -> str:
        """The rate in percent, or the amount for each."""
        if not isinstance(self.pays, Decimal):
            return f"{figure_in_words(self.pays)}{' each' if self.has_amount else ''}"
        return f"{trimmed(self.pays)} each" if self.has_amount else percent(self.pays)


def all_rates_or_amounts(tiers: Sequence[PaidTier]) -> None:
    """Check that each tier has a rate, or each an amount.

    Raises:
        Flaws: one has neither or both, or another has the other; names the first that is wrong.
    """
    amounts = tiers[0].has_amount
    for number, tier in enumerate(tiers):
        if tier.has_amount != amounts or ("rate" in tier.model_fields_set) == amounts:
            said = "a tier has a rate or an amount, and all tiers have the same of the two"
            mend = "say the rate of each tier, or what each pays for every 1 of the measure (amount)"
            raise Flaws([Finding.error("P306", ("tiers", number), message=said, mend=mend)])


def _rising(points: tuple[Point, ...]) -> tuple[Point, ...]:
    if len(points) == 1 or any(low.at >= high.at for low, high in pairwise(points)):
        raise ValueError("points are at least two, and their `at` rises")
    return points


Points = Annotated[tuple[Point, ...], AfterValidator(_rising)]


class Lookup(PlanPart):
    """A number that is looked up by a measure (its attainment, unless `on: amount`) in `steps` or `points`, by a
    category of the participant, or in a table of several `axes`."""

    measure: Name | None = None
    """The measure by which it is looked up in `steps` or `points`."""
    on: Literal["attainment", "amount"] = "attainment"
    """Whether by its attainment or by its amount."""
    steps: tuple[Step, ...] = ()
    """What the tier gives in which the measure lies."""
    points: Points = ()
    """What is given between points, on a straight line."""
    category: Name | None = None
    """The category of the participant by which it is looked up in `of`: position, territory, manager, participant_id,
    or one of the company's own."""
    of: dict[CategoryText, Rate] = Field(default_factory=dict)
    """What each category is given, by name."""
    others: Rate | None = None
    """What everybody is given whose category is none of `of`, or blank. Without it they are not paid, and named."""
    axes: tuple[Axis, ...] = Field(default=(), max_length=8)
    """Or the dimensions of a table."""
    values: Values | None = None
    """What the table gives: lists within lists, one level for each axis."""

    @model_validator(mode="after")
    def _in_one_way(self) -> Self:
        if self._ways() != 1 or (bool(self.of) != (self.category is not None)) or self._looks() != 1:
            raise ValueError(self._said_how())
        if self.others is not None and not self.of:
            raise ValueError("others is for a category: it says what everybody else is given")
        if self.steps:
            rising_and_open([step.up_to for step in self.steps], "steps")
        if (self.values is None) == bool(self.axes):
            raise ValueError("a table has axes and values")
        if any(axis.deal is not None for axis in self.axes):
            raise ValueError(
                "a number is looked up by what a participant has reached; by the deal looks kind: table with each: deal"
            )
        if self.axes:
            check_values(self.values, self.axes)
        return self

    def _ways(self) -> int:
        return sum(map(bool, (self.steps, self.points, self.of, self.axes)))

    def _looks(self) -> int:
        return sum(name is not None for name in (self.measure, self.category)) + bool(self.axes)

    def _said_how(self) -> str:
        return (
            "a number is looked up by a `measure` with `steps` or `points`, by a `category` with `of`, or in `axes`"
            " with `values`"
        )

    def looks_at(self) -> list[Reference]:
        """By what it is looked up."""
        if self.category is not None:
            return [Reference(CATEGORY, self.category)]
        if self.axes:
            return [reference for axis in self.axes for reference in axis.refers_to()]
        return [] if self.measure is None else [Reference(on_scale(self.on), self.measure)]

    def compares(self) -> Iterator[tuple[Path, Compared]]:
        """The categories by which it is looked up, each with its names, and where they stand."""
        if self.category is not None:
            yield ("of",), Compared(self.category, tuple(self.of))
        for number, axis in enumerate(self.axes):
            if axis.category is not None:
                yield ("axes", number, "of"), Compared(axis.category, axis.of)

    def formulas(self) -> Iterator[tuple[Path, FormulaText]]:
        """The axes that are formulas, and where."""
        yield from ((("axes", n, "formula"), axis.formula) for n, axis in enumerate(self.axes) if axis.formula)

    def given(self, at: Standing) -> ExactColumn:
        """The number row by row; zero for who is in no row (`nobody`)."""
        if self.category is not None:
            named, others = at.category(self.category), Fraction(self.others or 0)
            return by_category(named, {name: Fraction(gives) for name, gives in self.of.items()}, others=others)
        if self.axes:
            return looked_up(self.values, self.axes, at=at)
        value = at.scale(self.measure or "", self.on)
        return lookup(value, self.steps, points=self.points, boundary=at.conventions.boundary)

    def nobody(self, at: Standing) -> Iterator[tuple[str, pl.Series]]:
        """The categories by which it is looked up, each with the rows that have none of its names, unless it says what
        everybody else is given."""
        if self.category is not None and self.others is None:
            yield self.category, ~is_one_of(at.category(self.category), list(self.of))
        for axis in self.axes:
            yield from axis.nobody(at)

    def in_words(self, boundary: Boundary) -> tuple[str, str, list[tuple[str, str]]]:
        """What it is looked up by, how, and the rows: where one looks, and what is given there."""
        if self.category is not None:
            others = [] if self.others is None else [("everybody else", trimmed(self.others))]
            return spoken(self.category), "", [*((name, trimmed(gives)) for name, gives in self.of.items()), *others]
        if self.axes:
            places = product(*(axis.places(boundary) for axis in self.axes))
            cells = zip(places, flat(self.values), strict=True)
            rows = [(", ".join(at), trimmed(gives)) for at, gives in cells]
            return listed(axis.title for axis in self.axes), "", rows
        of = scale(self.measure or "", self.on)
        if self.points:
            rows = [(mark(point.at, self.on), trimmed(point.gives)) for point in self.points]
            return of, ", on straight lines between these points", rows
        reaches = between([step.up_to for step in self.steps], self.on, boundary=boundary)
        return of, "", [(reach, trimmed(step.gives)) for reach, step in zip(reaches, self.steps, strict=True)]

    @property
    def numbers(self) -> list[Decimal]:
        """All that it may give, or between what."""
        rows = [*(step.gives for step in self.steps), *(point.gives for point in self.points)]
        return [*rows, *self.of.values(), *flat(self.values), *([] if self.others is None else [self.others])]

    @property
    def has_bounds(self) -> bool:
        """Whether a value may lie exactly on the boundary of two rows."""
        return len(self.steps) > 1 or any(axis.up_to for axis in self.axes)


def ends_of(
    tiers: Sequence[PaidTier], rate: Callable[[Figure], ExactColumn | Fraction]
) -> list[ExactColumn | Fraction | None]:
    """Where tiers end, `rate` giving figures. An end of the participant's own that lies below the one before ends
    there: nothing lies in its tier."""
    ends: list[ExactColumn | Fraction | None] = []
    before: ExactColumn | Fraction | None = None
    own = any(not isinstance(tier.up_to, Decimal) for tier in tiers[:-1])
    for tier in tiers:
        end = None if tier.up_to is None else rate(tier.up_to)
        if own and end is not None and before is not None:
            higher = end if isinstance(end, ExactColumn) else before
            end = higher.greatest(before if higher is end else end) if isinstance(higher, ExactColumn) else end
        ends.append(end)
        before = end
    return ends


def rising_and_open(ends: Sequence[Figure | None], rows: str = "tiers") -> None:
    """Check that tiers, which stand in the field `rows`, rise and only the last is without end; figures of a
    participant's own may be any.

    Raises:
        Flaws: they do not; names the first that is wrong.
    """
    last = len(ends) - 1
    for number, end in enumerate(ends):
        fixed = [each for each in ends[:number] if isinstance(each, Decimal)]
        before = fixed[-1] if fixed else None
        if number == last and end is not None:
            said, mend = "the last tier must have no up_to: it says what everything above pays", "take out its up_to"
        elif number < last and end is None:
            said, mend = "every tier but the last needs an up_to", "say where it ends, or make it the last"
        elif before is None or not isinstance(end, Decimal):
            continue
        elif end == before:
            said = f"the tiers' up_to must rise: two tiers end at {end:f}"
            mend = "say each boundary once; which tier exactly that value belongs to is a convention, `boundary`"
        elif end < before:
            said, mend = f"the tiers' up_to must rise: {end:f} comes after {before:f}", "bring them into rising order"
        else:
            continue
        raise Flaws(
            [Finding.error("P306", (rows, number) if end is None else (rows, number, "up_to"), message=said, mend=mend)]
        )


def lies_in(
    value: ExactColumn,
    ends: Sequence[ExactColumn | Fraction | None],
    *,
    boundary: Boundary,
    unit: ExactColumn | int = 1,
) -> Iterator[ExactColumn | Number]:
    """Tier by tier 1 in the rows where the value lies in the tier, else 0; tiers end at so many units, the last
    nowhere."""
    here: ExactColumn | Number = 1
    for end in ends:
        behind = None if end is None else reached(value, end * unit, boundary=boundary)
        yield here if behind is None else here - behind
        here = here if behind is None else behind


def lookup(value: ExactColumn, steps: Sequence[Step], *, points: Sequence[Point], boundary: Boundary) -> ExactColumn:
    """What the steps or the points give at a value; outside the points it is what the nearest gives."""
    if points:
        return on_lines(value, points)
    given: ExactColumn | Fraction = Fraction(steps[0].gives)
    for step, following in pairwise(steps):
        assert step.up_to is not None
        behind = reached(value, Fraction(step.up_to), boundary=boundary).equals(1)
        given = where(behind, Fraction(following.gives), otherwise=given)
    return given if isinstance(given, ExactColumn) else value * 0 + given


def on_lines(value: ExactColumn, points: Sequence[Point]) -> ExactColumn:
    """Linear interpolation between points, level outside them."""
    given = value * 0 + Fraction(points[0].gives)
    for low, high in pairwise(points):
        start, end = Fraction(low.at), Fraction(high.at)
        slope = (Fraction(high.gives) - Fraction(low.gives)) / (end - start)
        # Each line adds what lies within it, so beyond the points the result stays level, and at a point both
        # neighbours agree to the last digit.
        given = given + (value.greatest(start).least(end) - start) * slope
    return given
