"""Looking a number up: in steps, each up to a value, on straight lines between points, or by category."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Literal, Protocol, Self

import polars as pl
from pydantic import AfterValidator, Field, model_validator

from shared.formatting import percent, trimmed
from shared.kernel.arithmetic.exact_column import ExactColumn, Number, where
from shared.kernel.language.category_texts import CATEGORY, CategoryText, Compared, is_one_of
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.findings import Finding, Flaws
from shared.kernel.language.formulas import Reference, on_scale
from shared.kernel.language.phrases import between, figure_in_words, mark, scale, spoken
from shared.kernel.language.values import Amount, Figure, Name, PlanPart, Rate, RateFigure

Boundary = Literal["lower", "upper"]
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


class Standing(Protocol):
    """Where participants stand at some rows, as far as a number is looked up by it."""

    conventions: Conventions

    def scale(self, measure: str, on: str) -> ExactColumn:
        """A measure, or its attainment."""

    def category(self, name: str) -> pl.Series:
        """A category of the participants, null where it is blank."""


class Lookup(PlanPart):
    """A number that is looked up by a measure (its attainment, unless `on: amount`) in `steps` or `points`, or by a
    category of the participant."""

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

    @model_validator(mode="after")
    def _in_one_way(self) -> Self:
        if self._ways() != 1 or (bool(self.of) != (self.category is not None)) or self._looks() != 1:
            raise ValueError(self._said_how())
        if self.others is not None and not self.of:
            raise ValueError("others is for a category: it says what everybody else is given")
        if self.steps:
            rising_and_open([step.up_to for step in self.steps], "steps")
        return self

    def _ways(self) -> int:
        return sum(map(bool, (self.steps, self.points, self.of)))

    def _looks(self) -> int:
        return sum(name is not None for name in (self.measure, self.category))

    def _said_how(self) -> str:
        return "a number is looked up by a `measure` with `steps` or `points`, or by a `category` with `of`"

    def looks_at(self) -> list[Reference]:
        """By what it is looked up."""
        if self.category is not None:
            return [Reference(CATEGORY, self.category)]
        return [] if self.measure is None else [Reference(on_scale(self.on), self.measure)]

    def compared(self) -> Compared | None:
        """The category by which it is looked up, with its names."""
        return None if self.category is None else Compared(self.category, tuple(self.of))

    def given(self, at: Standing) -> ExactColumn:
        """The number row by row; zero for who is in no row (`nobody`)."""
        if self.category is not None:
            named, others = at.category(self.category), Fraction(self.others or 0)
            return by_category(named, {name: Fraction(gives) for name, gives in self.of.items()}, others=others)
        value = at.scale(self.measure or "", self.on)
        return lookup(value, self.steps, points=self.points, boundary=at.conventions.boundary)

    def nobody(self, at: Standing) -> tuple[str, pl.Series] | None:
        """The category by which it is looked up, and which rows have none of its names, unless it says what everybody
        else is given."""
        if self.category is None or self.others is not None:
            return None
        return self.category, ~is_one_of(at.category(self.category), list(self.of))

    def in_words(self) -> tuple[str, str, list[tuple[str, str]]]:
        """What it is looked up by, how, and the rows: where one looks, and what is given there."""
        if self.category is not None:
            others = [] if self.others is None else [("everybody else", trimmed(self.others))]
            return spoken(self.category), "", [*((name, trimmed(gives)) for name, gives in self.of.items()), *others]
        of = scale(self.measure or "", self.on)
        if self.points:
            rows = [(mark(point.at, self.on), trimmed(point.gives)) for point in self.points]
            return of, ", on straight lines between these points", rows
        reaches = between([step.up_to for step in self.steps], self.on)
        return of, "", [(reach, trimmed(step.gives)) for reach, step in zip(reaches, self.steps, strict=True)]

    @property
    def numbers(self) -> list[Decimal]:
        """All that it may give, or between what."""
        rows = [*(step.gives for step in self.steps), *(point.gives for point in self.points)]
        return [*rows, *self.of.values(), *([] if self.others is None else [self.others])]


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
