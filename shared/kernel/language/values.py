"""The words of a plan file: exact numbers, percentages, names. A plan file is YAML whose numbers are read as
decimals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from numbers import Real
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""A rule, measure, component or column: lower case, digits and underscores."""

LONGEST_NUMBER: Final = 40
_THOUSANDS: Final = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?%?")
_TOO_LONG: Final = f"a number has at most {LONGEST_NUMBER} digits"


class PlanPart(BaseModel):
    """A part of a plan file: unknown words are refused, nothing changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def number_in_plan(value: Any) -> Decimal:
    """A number as people write it in a plan: `5%`, `0.05`, `12,500`, `1_000`.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, Real) and not isinstance(value, int):  # files are read without such numbers
        raise ValueError('write it as text, for example "0.05" or "5%": a JSON number with decimals is not exact')
    if isinstance(value, dict) and ("term" in value or "measure" in value):
        name = value.get("term", value.get("measure"))
        what = f"term({name})" if "term" in value else str(name)
        raise ValueError(
            "this is one number of the plan, the same for everybody: write it, or say what is each participant's own"
            f" in a formula with {what} where the component takes one (amount, when, multiply, a measure)"
        )
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("write a number, for example 0.05 or 5%")
    if isinstance(value, int) and abs(value) >= 10**LONGEST_NUMBER:
        raise ValueError(_TOO_LONG)
    text = str(value).strip().replace("_", "")
    # A comma groups three digits; anywhere else it would be somebody's decimal point: 8,5% is not 85%.
    if "," in text and not _THOUSANDS.fullmatch(text):
        raise ValueError(f"{value!r} is not a number or a percentage; write the decimal point, as 8.5%")
    text = text.replace(",", "")
    if len(text) > LONGEST_NUMBER:
        raise ValueError(_TOO_LONG)
    try:
        number = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        mend = "; write it as 250 or 5%" if any(sign.isdecimal() for sign in text) else ""
        raise ValueError(f"{value!r} is not a number or a percentage{mend}") from None
    if not number.is_finite():
        raise ValueError("the number must be finite")
    # 1e999999999 is nine characters and would be a gigabyte of digits at the first multiplication.
    if abs(number.adjusted()) > LONGEST_NUMBER:  # before anything is calculated with it
        raise ValueError(_TOO_LONG)
    return number / 100 if text.endswith("%") else number


def _places(most: int) -> AfterValidator:
    def check(value: Decimal) -> Decimal:
        if value != value.quantize(Decimal(1).scaleb(-most)):
            raise ValueError(f"{value} has more than {most} decimals")
        return value

    return AfterValidator(check)


def _rate_bound(value: Decimal) -> Decimal:
    if abs(value) > 10_000:
        raise ValueError("a rate lies between -10000 and 10000 (1,000,000 %)")
    return value


def _amount_bound(value: Decimal) -> Decimal:
    if abs(value) >= Decimal(10) ** 13:
        raise ValueError("an amount is below 10,000,000,000,000")
    return value


def _threshold_bound(value: Decimal) -> Decimal:
    if not 0 < value < Decimal(10) ** 13:
        raise ValueError("a threshold is above zero and below 10,000,000,000,000")
    return value


def _currency_rate_bound(value: Decimal) -> Decimal:
    if not value > 0 or not Decimal("1e-12") <= value <= Decimal("1e12"):
        raise ValueError("an exchange rate is above zero, from 0.000000000001 to 1,000,000,000,000")
    if len(value.normalize().as_tuple().digits) > SIGNIFICANT:
        raise ValueError(f"an exchange rate has up to {SIGNIFICANT} significant digits")
    return value


SIGNIFICANT = 15
"""The significant digits of an exchange rate."""

CurrencyRate = Annotated[Decimal, BeforeValidator(number_in_plan), AfterValidator(_currency_rate_bound)]
"""What money of one currency is worth in another: up to 15 significant digits, however many zeros they begin with."""

Rate = Annotated[Decimal, BeforeValidator(number_in_plan), AfterValidator(_rate_bound), _places(9)]
"""Pay per unit of measure, or a share: `5%` or `0.05`, up to nine decimals."""

Threshold = Annotated[Decimal, BeforeValidator(number_in_plan), AfterValidator(_threshold_bound), _places(6)]
"""Where a tier ends: an attainment (`100%`) or an amount in major units (`50000`), up to six decimals."""

Amount = Annotated[Decimal, BeforeValidator(number_in_plan), AfterValidator(_amount_bound), _places(6)]
"""An amount of money or of whatever is measured, in major units: `12500.50`; it may be negative."""


class Levels(PlanPart):
    """How far up or down the line of managers something counts."""

    levels: int | None = Field(default=None, ge=1, le=20)
    """How many levels: 1 is the direct manager, or who reports directly; unless said otherwise all."""
    level: int | None = Field(default=None, ge=1, le=20)
    """Instead, the one level that counts: 2 is the manager's manager, or who reports to those who report directly."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.levels is not None and self.level is not None:
            raise ValueError("levels counts all up to that one, and level only that one: say one of the two")
        return self

    def reaches(self, number: int) -> bool:
        """Whether a level counts."""
        if self.level is not None:
            return number == self.level
        return self.levels is None or number <= self.levels

    @property
    def farthest(self) -> int | None:
        """The last level that counts, if there is one."""
        return self.level or self.levels


class Term(PlanPart):
    """A figure of each participant's own, from the roster's `term.<name>`; `default` for those who have none."""

    term: Name
    """The name: the roster's column `term.<name>`."""
    default: Annotated[Decimal, BeforeValidator(number_in_plan), AfterValidator(_amount_bound), _places(9)] | None = (
        None
    )
    """The figure of those who have none."""
    times: Rate = Decimal(1)
    """By what it is multiplied: a maximum of `200%` of their target."""


class OfMeasure(PlanPart):
    """What a measure comes to, such as a rate that is looked up."""

    measure: Name
    """The measure."""
    times: Rate = Decimal(1)
    """By what it is multiplied."""


_Part = TypeVar("_Part", bound=PlanPart)


def terms_in(part: object) -> Iterator[Term]:
    """The figures of a participant's own that a part of a plan names by itself, however deep in it, not in formulas."""
    yield from parts_in(part, Term)


def parts_in(part: object, kind: type[_Part]) -> Iterator[_Part]:
    """The parts of a kind in a part of a plan, however deep in it."""
    if isinstance(part, kind):
        yield part
    elif isinstance(part, PlanPart):
        for name in type(part).model_fields:
            yield from parts_in(getattr(part, name), kind)
    elif isinstance(part, tuple):
        for inner in part:
            yield from parts_in(inner, kind)


def _kind_of_figure(value: Any) -> str:
    if isinstance(value, OfMeasure) or (isinstance(value, dict) and "measure" in value):
        return "measure"
    return "term" if isinstance(value, dict | Term) else "number"


OwnFigure = Annotated[Annotated[Amount, Tag("number")] | Annotated[Term, Tag("term")], Discriminator(_kind_of_figure)]
"""An amount in the plan, or `{term: name}`: the participant's own, or a part or multiple of it (`times`)."""

Figure = Annotated[
    Annotated[Amount, Tag("number")] | Annotated[Term, Tag("term")] | Annotated[OfMeasure, Tag("measure")],
    Discriminator(_kind_of_figure),
]
"""The same, or `{measure: name}`: what a measure comes to."""

ThresholdFigure = Annotated[
    Annotated[Threshold, Tag("number")] | Annotated[Term, Tag("term")] | Annotated[OfMeasure, Tag("measure")],
    Discriminator(_kind_of_figure),
]
"""Where a tier ends: a number of the plan; `{term: name}`, the participant's own; or what a measure comes to."""

RateFigure = Annotated[
    Annotated[Rate, Tag("number")] | Annotated[Term, Tag("term")] | Annotated[OfMeasure, Tag("measure")],
    Discriminator(_kind_of_figure),
]
"""A rate in the plan; `{term: name}`, the participant's own; or `{measure: name}`, what a measure comes to."""
