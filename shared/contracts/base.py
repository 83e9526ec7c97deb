"""What all contracts share: strict models, identifiers, exact decimals and instants that sort as text."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationInfo,
    model_validator,
)

from shared.decimals import plain_decimal
from shared.facts import Facts, merge
from shared.money import minor_digits
from shared.periods import Month

IDENTIFIER: Final = r"^[A-Za-z0-9][A-Za-z0-9._:@/+-]*$"
WITHOUT_NUL: Final = r"^[^\x00]*$"
WITHOUT_CONTROLS: Final = r"^[^\x00-\x1f\x7f]*$"
EVERYONE_OR_ID: Final = r"^(\*|[A-Za-z0-9][A-Za-z0-9._:@/+-]*)$"
NAME: Final = r"^[a-z][a-z0-9_]{0,62}$"
CURRENCY: Final = r"^[A-Z]{3}$"
PERIOD: Final = r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$"
PAY_PERIOD: Final = r"^[A-Z0-9-]{7,20}$"
RUN_ID: Final = r"^run-[A-Z0-9-]{7,20}-[0-9]{1,6}$"

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=IDENTIFIER)]
"""An id of a deal, participant, plan or source: printable, without spaces, safe in a URL, a file and a header."""

LONGEST_TEXT: Final = 512
"""Characters."""
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT, pattern=WITHOUT_NUL)]
"""A name or a note of up to 512 characters; the character NUL, which PostgreSQL cannot hold, is refused."""


def _known_currency(code: str) -> str:
    minor_digits(code)  # raises where there is no such currency
    return code


CurrencyCode = Annotated[str, StringConstraints(pattern=CURRENCY), AfterValidator(_known_currency)]
"""ISO 4217 alphabetic code of a currency that there is."""

PeriodName = Annotated[Month, StringConstraints(pattern=PERIOD)]
"""A monthly period that there is, as `2025-03`."""
PeriodText = Annotated[Month, StringConstraints(pattern=r"^\d{4}-\d{2}$")]
"""A monthly period as messages have it: of one that does not exist its reader says so, under a cause of its own."""


class Contract(BaseModel):
    """A message: strict at the edge, unknown fields refused, never changed after it was made."""

    # An unknown field is a slip in the name of a known one more often than anything else, and would silently say
    # nothing.
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class FactPatch(Contract):
    """A patch on the road: flat fields, and what orders patches (`shared.facts`).

    `source` is who says so, in the event's own words. `by` names the key it was sent with, where that is another name;
    several names, each on a line of its own, where several people answer for it.
    """

    fields: dict[str, Any]
    occurred_at: str
    sequence: int = 0
    source: str
    by: str | None = None

    def merge_into(self, facts: Facts) -> bool:
        """Merge the fields into the facts, in place; whether that changed them."""
        return merge(
            facts,
            self.fields,
            occurred_at=self.occurred_at,
            sequence=self.sequence,
            source=self.source,
            by=self.by,
        )


class Submission(Contract):
    """What somebody sends, by whatever road: blanks around a text do not count, and blank text is no value."""

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, said: Any) -> Any:
        try:
            return without_blanks(said)
        except RecursionError:
            raise ValueError("it is nested too deep") from None


def without_blanks(said: Any) -> Any:
    """Texts without the blanks around them, null where nothing is left; in objects every value, names stay as they
    are.
    """
    if isinstance(said, dict):
        return {
            name: (value.strip() or None) if isinstance(value, str) else without_blanks(value)
            for name, value in said.items()
        }
    return said


YEARS: Final = range(1900, 2200)
"""The years that a date or an instant may be in: beyond them it is a slip, and near the ends time zones overflow."""


def _exact_decimal(value: object) -> object:
    """Take a decimal from text or a whole number only: a JSON float has already lost the cent."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int):  # True is a whole number to Python
        raise ValueError('write the amount as text, for example "1200.50": a JSON number is not exact')
    return plain_decimal(value) if isinstance(value, str) else Decimal(value)


def _plausible(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("the amount must be finite")
    if abs(value) >= Decimal(10) ** 13:  # in minor units of any currency still below `shared.money.MOST`
        raise ValueError("the amount must be smaller than 10,000,000,000,000")
    return value


ExactDecimal = Annotated[Decimal, BeforeValidator(_exact_decimal), AfterValidator(_plausible)]
"""A decimal below 10^13 with 12 decimals at most, given as plain text or as a whole number."""


NumberText = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,29}(\.[0-9]{1,9})?$")]
"""A number of `shared.kernel.tables.NUMBER` as text. It stays text: whoever reads messages without it should not pay
for a decimal.
"""


# 18 digits always fit in 64 bits, in which databases and tables hold whole numbers.
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


def _whole(value: object) -> object:
    """Take a whole number also from text; what else is none stays, for the type to refuse."""
    if not isinstance(value, str):
        return value
    if not _WHOLE.fullmatch(value):
        raise ValueError(f"{value[:40]!r} is not a whole number of up to 18 digits")
    return int(value)


WholeNumber = Annotated[int, BeforeValidator(_whole)]
"""A whole number, also said in text: what a file holds is nothing else."""


YES_NO: Final = {"yes": True, "true": True, "no": False, "false": False}


def yes_no(value: object) -> bool:
    """Yes or no, or true or false, also as text in any case.

    Raises:
        ValueError: it is neither.
    """
    answer = value if isinstance(value, bool) else YES_NO.get(str(value).lower())
    if answer is None:
        raise ValueError(
            f"{value[:40]!r} is neither yes nor no" if isinstance(value, str) else "it is neither yes nor no"
        )
    return answer


YesNo = Annotated[bool, BeforeValidator(yes_no)]
"""True or false, also said in text: what a file holds is nothing else."""


Moment = TypeVar("Moment", bound=date)


def _plausible_year(moment: Moment) -> Moment:
    if moment.year not in YEARS:
        raise ValueError(f"the year must be from {YEARS[0]} to {YEARS[-1]}")
    return moment


PlausibleDate = Annotated[date, AfterValidator(_plausible_year)]
"""A date in one of the `YEARS`."""


def _business_date(value: object, info: ValidationInfo) -> object:
    """Take a date, midnight that no zone moves, or at an edge that knows the company's time zone an instant, which
    becomes a date there.
    """
    if not isinstance(value, str):
        return value
    try:
        # By its form, for `fromisoformat` of a date takes others too (20250331, 2025-W14-1), and so does that of an
        # instant.
        if len(value) == len("2025-03-31") and value[4] == value[7] == "-":
            return date.fromisoformat(value)
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("write a date as 2025-03-31, or an instant as 2025-03-31T17:00:00Z") from None
    if instant.tzinfo is None:
        if instant.time() == time(0):  # how databases write a date: midnight, mostly with fractions of nothing
            return instant.date()
        raise ValueError("an instant needs a time zone, for example 2025-03-31T17:00:00Z; a date is 2025-03-31")
    zone = (info.context or {}).get("zone")
    if zone is None:
        raise ValueError("write a date, for example 2025-03-31")
    return _plausible_year(instant).astimezone(zone).date()


BusinessDate = Annotated[date, BeforeValidator(_business_date), AfterValidator(_plausible_year)]
"""A date in the company's calendar; an instant given instead becomes one in the `zone` of the validation context."""


def instant_text(instant: datetime) -> str:
    """Write an aware instant in UTC with microseconds, so that texts sort as instants do.

    Raises:
        ValueError: the instant has no time zone, or its year is not in `YEARS`.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone, for example 2025-03-31T17:00:00Z")
    return _plausible_year(instant).astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
