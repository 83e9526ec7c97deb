"""Measures: what a plan pays for, built from credits by adding up, or from scores that people enter, or from other
measures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final, Literal

from pydantic import Field, model_validator

from shared.contracts.base import Identifier
from shared.formatting import percent
from shared.kernel.language.category_texts import CATEGORY, Among, Compared, told_apart_by
from shared.kernel.language.conventions import Reset, Window
from shared.kernel.language.findings import Finding, Flaws, Path
from shared.kernel.language.formulas import FormulaText, Reference, categories_in, references
from shared.kernel.language.lookups import Lookup
from shared.kernel.language.phrases import spoken
from shared.kernel.language.values import Levels, Name, OwnFigure, PlanPart, Rate

PAY_OF: Final = "pay_of:"
"""What the name of the rule begins with by which pay of others is credited to a measure, whose name follows."""

Take = Literal["amount", "deals", "distinct", "leaving", "latest"]


@dataclass(frozen=True, slots=True)
class Ingredient:
    """Something that adds up over credits: what is taken of the credits of which rules."""

    take: Take
    rules: tuple[str, ...]


ADDING_UP: Final = ("sum_of", "count_of", "average_of", "ratio", "distinct")
"""The ways in which a measure may be that of a group, or of a rolling window."""
LEAVING: Final = "/leaving"
"""What the name of the ingredient ends with that takes from a rolling one what leaves its window."""
DAYS: Final = ("calendar_days", "business_days")
"""In which days a part of a window may be counted: all, or Monday to Friday."""


class QuotaTerms(PlanPart):
    """The quota of a measure. The roster's `quota.<measure>` goes before `default`; both are for one `per`."""

    default: OwnFigure | None = None
    """The quota of whoever has none of their own in the roster; or `{term: name}`, another figure of theirs."""
    per: Reset | None = None
    """What the figure covers; unless said otherwise the time after which the measure begins anew."""
    changes: Literal["whole", "by_period", "calendar_days", "business_days"] = "whole"
    """When the figure changes within the window, the new one counts for all of it, or each counts for the periods at
    whose end it holds, or for its days."""
    to_date: bool = False
    """Whether the quota of a window is only that of its periods so far: in February of a year, of two months."""
    spread: tuple[Rate, ...] = ()
    """How a year is divided among its periods, 12 shares that sum to 100%; unless said otherwise evenly."""
    ramp: tuple[Rate, ...] = ()
    """The share of the quota in the first, second … period of a participant on the plan; afterwards all of it."""
    prorate: Literal["no", "calendar_days", "business_days"] = "no"
    """Whether who joins or leaves within the window has the part of the quota that falls on the days they are
    active."""

    @property
    def fixed(self) -> Decimal | None:
        """The default, where that is a number of the plan."""
        return self.default if isinstance(self.default, Decimal) else None

    @model_validator(mode="after")
    def _counts_days_in_one_way(self) -> QuotaTerms:
        if self.changes in DAYS and self.prorate not in ("no", self.changes):
            days = f"changes counts {spoken(self.changes)}, and prorate {spoken(self.prorate)}"
            raise ValueError(f"{days}: let both count the same")
        return self

    @model_validator(mode="after")
    def _sums_to_a_year(self) -> QuotaTerms:
        if self.spread and (len(self.spread) != 12 or sum(self.spread) != 1):
            whole = percent(sum(self.spread, Decimal(0)))
            message = f"spread has {len(self.spread)} shares that sum to {whole}, not 12 that sum to 100%"
            mend = "say 12 shares, one for each period of the year"
            raise Flaws([Finding.error("P307", ("spread",), message=message, mend=mend)])
        return self


class Ratio(PlanPart):
    """One sum by another, both over the window: a margin, an average price."""

    of: tuple[Name, ...] = Field(min_length=1)
    """The rules whose credits are divided."""
    to: tuple[Name, ...] = Field(min_length=1)
    """The rules by whose credits they are divided."""


class Distinct(PlanPart):
    """How many different values a column of the deal has among the credits of some rules; a blank cell is none."""

    column: Name
    """The column of the deal whose different values are counted, or deal_id."""
    of: tuple[Name, ...] = Field(min_length=1)
    """The rules among whose credits they are counted."""


class PayOf(Levels):
    """What people below a participant are paid by other components: of some plans, so many levels down."""

    plans: tuple[Identifier, ...] = Field(min_length=1)
    """The plans that pay what counts."""
    components: tuple[Name, ...] | None = Field(default=None, min_length=1)
    """The components whose pay counts; unless said otherwise all that the plans pay, their own limits among it."""


class Goal(PlanPart):
    """A line of a scorecard: a weight, and the attainment below which the goal counts nothing and above which no
    more."""

    weight: Rate
    """The weight of the goal; all weights sum to 100%."""
    minimum: Rate | None = None
    """The attainment below which the goal counts nothing."""
    maximum: Rate | None = None
    """The attainment above which it counts no more."""


WAYS = (
    *("sum_of", "count_of", "average_of", "latest_of", "distinct", "ratio", "score", "scorecard", "formula", "lookup"),
    "pay_of",
)


class Measure(PlanPart):
    """One number of a participant in a period, in exactly one of the ways below; its attainment is that number by its
    quota."""

    measure: Name
    """The measure's name."""
    sum_of: tuple[Name, ...] | None = Field(default=None, min_length=1)
    """The sum of the credits of some rules."""
    count_of: tuple[Name, ...] | None = Field(default=None, min_length=1)
    """How many deals some rules credit; one that two of them credit counts twice (count `distinct` by `deal_id`
    otherwise)."""
    average_of: tuple[Name, ...] | None = Field(default=None, min_length=1)
    """The average credit of some rules."""
    latest_of: tuple[Name, ...] | None = Field(default=None, min_length=1)
    """The latest credit of some rules."""
    distinct: Distinct | None = None
    """How many different values a column has."""
    ratio: Ratio | None = None
    """One sum divided by another."""
    score: Literal[True] | None = None
    """Entered by hand for a period: the roster's `score.<measure>`, such as 85%."""
    scorecard: dict[Name, Goal] | None = Field(default=None, min_length=1)
    """The weighted sum of the attainments of other measures."""
    formula: FormulaText | None = None
    """An SQL expression over other measures."""
    lookup: Lookup | None = None
    """A number that is looked up by a measure or a category: a rate, a factor."""
    pay_of: PayOf | None = None
    """What those who report to the participant are paid."""
    among: Among | None = None
    """Whose credits it adds up beside the participant's own: each credit counts for the group in which its participant
    was on its date, and a participant sees that of the group in which they are."""
    reset: Reset = "month"
    """After which time it begins anew."""
    rolling: int | None = Field(default=None, ge=2, le=120)
    """Over how many fiscal periods it adds up, the one at which it is looked at being the last; instead of `reset`."""
    quota: QuotaTerms = QuotaTerms()
    """The quota by which its attainment is measured."""

    @model_validator(mode="after")
    def _in_one_way(self) -> Measure:
        said = [way for way in WAYS if getattr(self, way) is not None]
        if len(said) != 1:
            raise ValueError(f"measure {self.measure} is built in one way: {', '.join(WAYS)}")
        ways = f"a {', '.join(ADDING_UP[:-1])} or {ADDING_UP[-1]}"
        if self.among is not None and said[0] not in ADDING_UP:
            raise ValueError(f"measure {self.measure} is among a {self.among}: {ways}")
        if self.rolling is not None and said[0] not in ADDING_UP:
            built = "; a formula, a lookup or a scorecard may be built from one that is" if self.is_calculated else ""
            raise ValueError(f"measure {self.measure} is rolling: {ways}{built}")
        if self.rolling is not None and "reset" in self.model_fields_set:
            raise ValueError(f"measure {self.measure} is rolling, and so never begins anew: take out `reset`")
        whole = sum((goal.weight for goal in self.scorecard.values()), Decimal(0)) if self.scorecard else Decimal(1)
        if whole != 1:
            message = f"the weights of scorecard {self.measure} sum to {percent(whole)}, not to 100%"
            mend = "change the weights until they sum to 100%"
            raise Flaws([Finding.error("P307", ("scorecard",), message=message, mend=mend)])
        return self

    @property
    def way(self) -> str:
        """The field that says how it is built."""
        return next(way for way in WAYS if getattr(self, way) is not None)

    @cached_property
    def ingredients(self) -> dict[str, Ingredient]:
        """What adds up over credits for this measure, by name."""
        name = self.measure
        if self.sum_of is not None:
            return {name: Ingredient("amount", self.sum_of)}
        if self.count_of is not None:
            return {name: Ingredient("deals", self.count_of)}
        if self.latest_of is not None:
            return {name: Ingredient("latest", self.latest_of)}
        if self.average_of is not None:
            # An average and a ratio do not add up; their two sums do, and are divided when they are looked at.
            return {name: Ingredient("amount", self.average_of), f"{name}/to": Ingredient("deals", self.average_of)}
        if self.distinct is not None:
            found = {name: Ingredient("distinct", self.distinct.of)}
            if self.rolling is not None:
                # A value leaves with its last credit only, so what leaves is another sum than what came.
                found[f"{name}{LEAVING}"] = Ingredient("leaving", self.distinct.of)
            return found
        if self.ratio is not None:
            return {name: Ingredient("amount", self.ratio.of), f"{name}/to": Ingredient("amount", self.ratio.to)}
        if self.pay_of is not None:
            # Pay of others is credited like a deal, by a rule of this name (`shared.kernel.pay_of_others`), which no
            # rule of a plan can have.
            return {name: Ingredient("amount", (f"{PAY_OF}{name}",))}
        return {}

    @property
    def window(self) -> Window:
        """Over which time it adds up."""
        return self.reset if self.rolling is None else self.rolling

    def builds_on(self) -> list[Reference]:
        """The names of other measures, and of terms, that it is calculated from."""
        named = references(self.formula) if self.formula is not None else []
        named += self.lookup.looks_at() if self.lookup is not None else []
        return named + [Reference("attainment", name) for name in self.scorecard or ()]

    @property
    def rules(self) -> set[str]:
        """The crediting rules that feed it."""
        return {rule for ingredient in self.ingredients.values() for rule in ingredient.rules}

    @property
    def counts(self) -> bool:
        """Whether it is a number of deals, or of values among them."""
        return self.count_of is not None or self.distinct is not None

    @property
    def adds_up(self) -> bool:
        """Whether it is a sum or a number of deals."""
        return self.sum_of is not None or self.counts

    @property
    def is_share(self) -> bool:
        """Whether it is a share of a whole by itself, so that without a quota its attainment is its value."""
        return self.score is not None or self.ratio is not None or self.is_calculated

    @property
    def is_calculated(self) -> bool:
        """Whether it is calculated from what else is known of the participant, and no deal or score fills it."""
        return self.scorecard is not None or self.formula is not None or self.lookup is not None

    def leaves_open(self) -> set[str]:
        """The conventions on which it depends."""
        steps = self.lookup is not None and self.lookup.has_bounds
        quota = any(named.kind == "attainment" for named in self.builds_on())
        return {name for name, there in (("boundary", steps), ("zero_quota", quota)) if there}

    @property
    def begins_anew(self) -> bool:
        """Whether there is something in it that its window bounds: a rate by position is the same in every window."""
        return not self.is_calculated or any(named.kind not in ("term", CATEGORY) for named in self.builds_on())

    def categories(self) -> Iterator[tuple[Path, Compared]]:
        """The categories at which it looks, each with the texts that it names, and where."""
        if self.among is not None:
            yield from told_apart_by(self.among)
        if self.formula is not None:
            yield from ((("formula",), found) for found in categories_in(self.formula))
        if self.lookup is not None:
            yield from ((("lookup", *path), compared) for path, compared in self.lookup.compares())
            for path, text in self.lookup.formulas():
                yield from ((("lookup", *path), found) for found in categories_in(text))

    @property
    def bucket(self) -> str | None:
        """By what credits of its rules are kept apart: a column, or `@latest` for their order in time."""
        if self.distinct is not None:
            return self.distinct.column
        return "@latest" if self.latest_of is not None else None
