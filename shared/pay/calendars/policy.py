"""The policy of a pay group: whom it pays how often, when, in which currency, and through which payroll."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from shared.calendars import FiscalWeeks, business_days
from shared.contracts.base import CurrencyCode, PlausibleDate
from shared.pay.policy import Named, Policy, PolicyId, PolicyPart, Reference

DayOfMonth = Annotated[int, Field(ge=1, le=31)]


class Monthly(PolicyPart):
    """Twelve pay periods a year, named `2026-06` after the month in which they end."""

    every: Literal["month"]
    """A pay period is a month."""
    ends_on: DayOfMonth = 31
    """The day of the month on which a pay period ends; the last of the month where the month has no such day."""


class SemiMonthly(PolicyPart):
    """Twenty-four pay periods a year, named `2026-06-A` and `2026-06-B` after the month in which they end."""

    every: Literal["half_month"]
    """A pay period is a half of a month."""
    ends_on: tuple[DayOfMonth, DayOfMonth] = (15, 31)
    """The two days of the month on which pay periods end; the last of the month where the month has no such day."""

    @model_validator(mode="after")
    def _are_two(self) -> SemiMonthly:
        first, second = self.ends_on
        if first > 27 or first >= second:
            raise ValueError("the first day is 27 at most and comes before the second, so that February has two halves")
        return self


class Weekly(PolicyPart):
    """A pay period of one or two weeks, named `2026-W27` or `2026-PP13`: the 27th week, the 13th fortnight that ends in
    2026.
    """

    every: Literal["week", "two_weeks"]
    """A pay period is one week, or two."""
    anchor: PlausibleDate
    """The first day of any pay period; all others follow from it, before and after."""


Calendar: TypeAlias = Annotated[Monthly | SemiMonthly | Weekly | FiscalWeeks, Field(discriminator="every")]


class PayGroup(Policy):
    """People who are paid together: one calendar, one legal entity, one payroll."""

    controls_money = True
    kind: Literal["pay_group"]
    """`pay_group`."""
    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """What people call the pay group."""
    calendar: Calendar
    """The pay periods. All earnings up to the end of a pay period are paid with it."""
    arrears_days: Annotated[int, Field(ge=0, le=180)] = 0
    """How many days after the end of its pay period pay is paid at the earliest."""
    pay_day: DayOfMonth | None = None
    """The day of the month on which pay is paid: the first such day that is `arrears_days` or more after the end.
    Without it, pay is paid exactly `arrears_days` after the end."""
    business_day: Literal["before", "after"] = "before"
    """Where a pay date is no business day: the business day before it, or the one after it. Never before the pay
    period's end."""
    country: str | None = None
    """ISO 3166 code of the country whose public holidays and weekends are no business days, such as US. Without it
    Saturday and Sunday are no business days, and there are no holidays."""
    subdivision: str | None = None
    """ISO 3166-2 code of the country's part with holidays of its own, without the country: CA, BY."""
    acknowledge_days: Annotated[int, Field(ge=0, le=60)] = 2
    """How many business days before the pay date payroll must have acknowledged the payroll file."""
    currency: CurrencyCode = "USD"
    """The currency in which the group is paid."""
    entity: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """The legal entity that pays, as the roster names it."""
    payroll_profile: PolicyId | None = None
    """The policy of kind `payroll_profile` that says which file payroll gets. Without it, the plain CSV."""
    delivery: PolicyId | None = None
    """The policy of kind `delivery` by which a released payroll file is sent. Without it, payroll fetches it."""

    def names(self) -> Iterable[Reference]:
        """The file, the way it is sent, and who pays."""
        named: tuple[tuple[Named, str | None], ...] = (
            ("payroll_profile", self.payroll_profile),
            ("delivery", self.delivery),
            ("legal entity", self.entity),
        )
        return [Reference(what.removeprefix("legal "), what, name) for what, name in named if name is not None]

    @field_validator("country")
    @classmethod
    def _is_known(cls, country: str | None) -> str | None:
        business_days(country)
        return country

    @model_validator(mode="after")
    def _has_the_part(self) -> PayGroup:
        business_days(self.country, self.subdivision)
        return self


DEFAULT: Final = PayGroup(
    kind="pay_group", id="default", valid_from=date(1900, 1, 1), calendar=Monthly(every="month"), name="Monthly"
)
"""The pay group of whoever has no other, as long as no policy with this id is published: calendar months, paid at their
end.
"""
