"""Where a component is evaluated: rows of one plan version, each a participant at some moment of a period, with all
they have reached."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar, cast

import polars as pl

from shared.kernel.arithmetic.exact_column import ExactColumn, where
from shared.kernel.arithmetic.running_sums import running_sum
from shared.kernel.language.category_texts import CATEGORY
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.formulas import FormulaError, condition, number, uncovered
from shared.kernel.language.values import Figure, OfMeasure, Term

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in role in which nothing changes of what the roster says: the participants at it, and which part of the
    window's days it is, also in words; of who has fewer such times the part is zero and the words are null."""

    context: EvaluationContext
    part: ExactColumn
    days: pl.Series


@dataclass(eq=False, kw_only=True)
class EvaluationContext:
    """The columns of some rows by name, worked out when asked for and kept.

    `rows` has at least participant_id, period and fiscal. `measured`, `quotas`, `terms` and `categories` give the
    column of a name; `paid` has what components before this one pay, `by_deal` names those that pay deal by deal;
    `moments` divides the window of a component that is prorated; `takes_part_in` says who has had a step of their own
    in the time that a component looks at; `entered_for` says for whom the figure behind a name was entered, None where
    none was for everyone.
    """

    rows: pl.DataFrame
    digits: int
    conventions: Conventions
    measured: Callable[[EvaluationContext, str], ExactColumn]
    quotas: Callable[[EvaluationContext, str], ExactColumn]
    terms: Callable[[EvaluationContext, str, Fraction | None], ExactColumn]
    categories: Callable[[EvaluationContext, str], pl.Series]
    paid: dict[str, ExactColumn] = field(default_factory=dict)
    per_deal: Callable[[EvaluationContext, str], ExactColumn] | None = None
    moments: Callable[[EvaluationContext, str], Iterable[Moment]] | None = None
    by_deal: Collection[str] = ()
    takes_part_in: Callable[[EvaluationContext, str], pl.Series] | None = None
    entered_for: Callable[[EvaluationContext, str, str], pl.Series | None] | None = None
    _known: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """How many rows there are."""
        return self.rows.height

    @property
    def everywhere(self) -> pl.Series:
        """Yes in every row."""
        return pl.Series([True]).new_from_index(0, self.height)

    def at(self, days: pl.Series) -> EvaluationContext:
        """The same participants as the roster has them on other days (`as_of`), with what they have reached by the
        rows."""
        reached = {key: known for key, known in self._known.items() if key[0] in ("value", "quota", "attainment")}
        return replace(self, rows=self.rows.with_columns(days.alias("as_of")), _known=reached)

    def value(self, measure: str) -> ExactColumn:
        """A measure, in major units."""

        def counted() -> ExactColumn:
            value = self.measured(self, measure)
            return value.greatest(0) if self.conventions.negative == "nothing" else value

        return self.cached("value", measure, make=counted)

    def quota(self, measure: str) -> ExactColumn:
        """The quota of a measure, in major units; zero where there is none."""
        return self.cached("quota", measure, make=lambda: self.quotas(self, measure))

    def attainment(self, measure: str) -> ExactColumn:
        """A measure by its quota: 1 is 100%."""

        def by_quota() -> ExactColumn:
            quota = self.quota(measure)
            share = self.value(measure) / quota
            # `refuse` and `nothing` are both 0% here; that `refuse` is a problem and pays nothing is seen to before
            # (`evaluation.pay`).
            full = 1 if self.conventions.zero_quota == "full" else 0
            return where(quota > 0, share, otherwise=full)

        return self.cached("attainment", measure, make=by_quota)

    def scale(self, measure: str, on: str) -> ExactColumn:
        """What a threshold is compared with: a measure, or its attainment."""
        return self.attainment(measure) if on == "attainment" else self.value(measure)

    def takes_part(self, component: str) -> pl.Series:
        """Where participants take part in a component that compares them."""
        return self.everywhere if self.takes_part_in is None else self.takes_part_in(self, component)

    def term(self, name: str, default: Fraction | None = None) -> ExactColumn:
        """A figure of each participant's own."""
        return self.terms(self, name, default)

    def category(self, name: str) -> pl.Series:
        """A category of the participants, as text; null where it is blank."""
        return self.cached(CATEGORY, name, make=lambda: self.categories(self, name))

    def figure(self, figure: Figure) -> ExactColumn:
        """A figure of the plan: an amount, a term, or what a measure comes to."""
        if isinstance(figure, OfMeasure):
            value = self.value(figure.measure)
            return value if figure.times == 1 else value * Fraction(figure.times)
        if isinstance(figure, Term):
            term = self.term(figure.term, None if figure.default is None else Fraction(figure.default))
            return term if figure.times == 1 else term * Fraction(figure.times)
        return ExactColumn.constant(Fraction(figure), self.height)

    def rate(self, figure: Figure) -> ExactColumn | Fraction:
        """The same, of an amount as one number."""
        return Fraction(figure) if isinstance(figure, Decimal) else self.figure(figure)

    def rounded(self, exact: ExactColumn) -> ExactColumn:
        """Numbers rounded to the currency's smallest unit, in the way the plan says."""
        return exact.rounded(self.conventions.rounding, Fraction(1, 10**self.digits))

    def number(self, formula: str) -> ExactColumn:
        """The numbers of a formula."""
        return self.cached("formula", formula, make=lambda: number(formula, self.look_up, self.height))

    def condition(self, formula: str) -> pl.Series:
        """Where a formula says yes."""
        return self.cached("condition", formula, make=lambda: condition(formula, self.look_up, self.height))

    def uncovered(self, formula: str) -> Iterator[tuple[str, pl.Series]]:
        """Of every `case` over categories in a formula that does not say what everybody else has: the category, and who
        is in none of its rows."""
        return uncovered(formula, self.look_up)

    def look_up(self, kind: str, name: str) -> ExactColumn | pl.Series:
        """What a name in a formula stands for; of a category texts."""
        match kind:
            case "measure":
                return self.value(name)
            case "attainment":
                return self.attainment(name)
            case "quota":
                return self.quota(name)
            case "term":
                return self.term(name)
            case "pay":
                return self.paid[name]
            case "category":
                return self.category(name)
            case "formula":
                return self.number(name)
        raise FormulaError(f"{kind}({name})")

    def cached(self, what: str, name: str, *, make: Callable[[], _T]) -> _T:
        """What was made before by that name, or is made now."""
        key = (what, name)
        # A measure is looked at by gates, multipliers and several components of a plan; it is worked out once for all
        # of them, and the same object makes later sums cheaper (`exact_column._over_one`).
        if key not in self._known:
            self._known[key] = make()
        return cast(_T, self._known[key])


@dataclass(frozen=True, kw_only=True)
class DealsInTurn:
    """Deals in their order, a row per credit: where the participant stood `before` the deal and stands `after` it, with
    all of the deal's credits.

    `standing` is by which of the two a deal is paid that is not divided: after it, or of one that takes back before it,
    so that what a deal was paid is taken back at the same rate. `credited` is what the credit adds to the measure that
    is paid.
    """

    credited: ExactColumn
    before: EvaluationContext
    after: EvaluationContext
    standing: EvaluationContext
    number: Callable[[str], ExactColumn]
    """A formula over the columns of the deals."""
    text: Callable[[str], pl.Series]
    """A column of them as text, null for a blank."""
    share: ExactColumn | int = 1
    """Which part of the deal is the participant's, by the largest of its credits, where the component asks for it."""
    begins: pl.Series | None = None
    """Where the credits of another deal begin, where the component asks for it and some deal has more than one."""

    def so_far(self, values: ExactColumn) -> ExactColumn:
        """The sum of each deal up to and including each of its credits."""
        if self.begins is None:
            return values
        place = running_sum(pl.Series([1]).new_from_index(0, len(self.begins)), self.begins) - 1
        back, most = 1, int(cast(int, place.max() or 0))
        # Each round doubles how many credits are in the sum, so that a deal of many takes few rounds.
        while back <= most:
            values = values + where(place >= back, values.taken(_rows_before(place, back)), otherwise=0)
            back *= 2
        return values

    def step(self, so_far: ExactColumn) -> ExactColumn:
        """What each credit adds to what its deal has come to."""
        if self.begins is None:
            return so_far
        return so_far - where(self.begins, 0, otherwise=so_far.taken(_rows_before(self.begins, 1)))


def _rows_before(rows: pl.Series, back: int) -> pl.Series:
    """The place of the row so many before each; of the first ones that of the first."""
    return pl.int_range(-back, len(rows) - back, eager=True).clip(lower_bound=0)
