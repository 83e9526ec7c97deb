"""How a source writes values, and the rule by which one of them is read: the same for a webhook's body and a row of a
file.

What is read is text in the form of the contracts: `1234.50`, `2025-03-31`, `yes`. Nothing is guessed: a text that the
notation does not allow, or that it allows to be read in two ways, is refused with the reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from shared.decimals import NotDecimal, bounded_decimal, moved

Kind = Literal["text", "number", "date", "yes_no"]
"""What a value is to be."""
OTHERWISE: Final = "*"
_BLANKS: Final = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009", " "))
"""Spaces that look like one: programs group thousands with them."""


class Unreadable(ValueError):
    """A text that cannot be read by its rule; the message says what was expected."""


def _several(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


Several = Annotated[tuple[str, ...], BeforeValidator(_several)]
"""One text, or a list of them."""


class Notation(BaseModel):
    """How a source writes what it says. What a rule does not say of its own, its source says for all.

    `null` are texts for nothing (NULL, N/A); `yes` and `no` words of its own; `decimal` and `thousands` the signs in
    numbers, `currency_signs` what may stand beside an amount; `format` is how dates are written (strptime), one form or
    several; `round` to how many decimals amounts are rounded, half away from zero: without it an amount that is finer
    than its currency is refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    null: Several | None = None
    yes: Several | None = None
    no: Several | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[",", ".", " ", "'"] | None = None
    currency_signs: Several | None = None
    format: Several | None = None
    round: Annotated[int, Field(ge=0, le=6)] | None = None

    @field_validator("format")
    @classmethod
    def _is_a_format(cls, forms: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for form in forms or ():
            # `dd.mm.yyyy` would be read as literal letters, and refuse every date.
            if "%" not in form:
                raise ValueError(f"{form!r} has no %: write 31.12.2025 as %d.%m.%Y, 12/31/25 as %m/%d/%y")
            try:
                datetime.strptime(datetime(2000, 1, 1, tzinfo=UTC).strftime(form), form)  # noqa: DTZ007
            except ValueError as error:
                raise ValueError(f"{form!r} is no form of dates: {error}") from None
        return forms

    def within(self, outer: Notation) -> Notation:
        """This notation, and what it does not say as `outer` says it."""
        said = {name: value for name in Notation.model_fields if (value := getattr(self, name)) is not None}
        return outer.model_copy(update=said)


PLAIN: Final = Notation()


class ValueRule(Notation):
    """What is done to a value, in this order: repairs, values, then its notation, and scale.

    `repairs` replaces known slips and reports them; `values` translates a vocabulary, `*` for all others (yes and no
    are read as `true` and `false`); `scale` moves the decimal point (-2 reads cents).
    """

    repairs: dict[str, str] = Field(default_factory=dict)
    values: dict[str, str | None] = Field(default_factory=dict)
    scale: int = Field(default=0, ge=-12, le=12)

    def read(self, text: str, kind: Kind, *, notation: Notation = PLAIN) -> Reading:
        """What a text says, by this rule and the notation of its source.

        Raises:
            Unreadable: it says nothing of this kind.
        """
        written, repaired = self.within(notation), text in self.repairs
        if text in (written.null or ()):
            return Reading(None)
        text = self.repairs.get(text, text)
        # A vocabulary has the last word: what it gives is in our terms, and no date or amount any more.
        if self.values:
            return Reading(self.values.get(text, self.values.get(OTHERWISE, text)), repaired=repaired)
        if not text:  # exports write what is not there as an empty text
            return Reading(None, repaired=repaired)
        if kind == "date" or self.format is not None:  # a rule with a form is one of a date, whatever takes it
            return Reading(_moment(text, written.format or ()), repaired=repaired)
        if kind == "number":
            number = _number(text, written)
            number = _try_moved(number, self.scale) if self.scale else number
            rounded = None if written.round is None else _rounded(number, written.round)
            return Reading(rounded or number, repaired=repaired, unrounded=rounded and number)
        if kind == "yes_no":
            return Reading(_yes_no(text, written), repaired=repaired)
        return Reading(_try_moved(text, self.scale) if self.scale else text, repaired=repaired)


class Reading(NamedTuple):
    """A value as text in the form of the contracts, or nothing; whether it was repaired, and what it was before it was
    rounded.
    """

    value: str | None
    repaired: bool = False
    unrounded: str | None = None


def id_of_name(name: str) -> str:
    """The id of a person's name: lower case letters and digits, joined by dots (`Ada Lovelace` is `ada.lovelace`)."""
    # Taken apart, letters lose their accents, not themselves: Zoë is zoe.
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join(re.findall(r"[a-z0-9]+", plain))


def _number(text: str, written: Notation) -> str:
    """A number in plain digits; a percentage keeps its sign, for only some fields are one.

    Accounting writes what is negative in brackets, or with the minus behind.
    """
    bare, unit = text.translate(_BLANKS).strip(), ""
    if negative := bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1].strip()
    for sign in written.currency_signs or ():
        bare = bare.removeprefix(sign).removesuffix(sign).strip()
        bare = bare.replace(f"-{sign}", "-", 1)
    if bare.endswith("%"):
        bare, unit = bare[:-1].rstrip(), "%"
    if bare.endswith("-"):
        bare, negative = bare[:-1].rstrip(), not negative
    decimal = written.decimal or "."
    whole, point, rest = bare.partition(decimal)
    if written.thousands and written.thousands in whole:
        whole = _ungrouped(whole, written.thousands, text=text)
    elif decimal != "." and "." in bare:
        raise Unreadable(f"{text[:40]!r} has a point, and the decimal sign here is {decimal!r}: is it for thousands?")
    digits = whole + ("." + rest if point else "")
    try:
        number = bounded_decimal(digits.removesuffix("."))
    except NotDecimal:
        raise Unreadable(f"{text[:40]!r} is not a number as it is written here ({_expected(written)})") from None
    return f"{-number if negative else number:f}{unit}"


def _ungrouped(whole: str, sign: str, *, text: str) -> str:
    # Only groups of three, or of two before the last as in India: 1,5 may be one and a half, and is not guessed at.
    if not re.fullmatch(rf"[+-]?[0-9]{{1,3}}({re.escape(sign)}[0-9]{{2,3}})*{re.escape(sign)}[0-9]{{3}}", whole):
        raise Unreadable(f"{text[:40]!r} groups its digits otherwise than in thousands")
    return whole.replace(sign, "")


def _expected(written: Notation) -> str:
    signs = f", currency signs {' '.join(written.currency_signs)}" if written.currency_signs else ""
    thousands = f"{written.thousands!r} for thousands" if written.thousands else "no sign for thousands"
    return f"decimal sign {(written.decimal or '.')!r}, {thousands}{signs}"


def _try_moved(text: str, scale: int) -> str:
    try:
        return moved(text, scale)
    except NotDecimal:
        return text  # for validation to name


def _rounded(number: str, decimals: int) -> str | None:
    """The number rounded; None where it has no more decimals than that, and for a percentage, which is no amount."""
    if number.endswith("%"):
        return None
    # In whole units: decimals of the standard context have 28 digits, and what is longer would be refused.
    units = Decimal(number).scaleb(decimals)
    whole = units.to_integral_value(ROUND_HALF_UP)
    return None if whole == units else f"{whole.scaleb(-decimals):f}"


def _yes_no(text: str, written: Notation) -> str:
    word = text.casefold()
    for answer, words in (("yes", written.yes), ("no", written.no)):
        if word in (one.casefold() for one in words or ()):
            return answer
    if written.yes or written.no:
        raise Unreadable(f"{text[:40]!r} is none of {', '.join((*(written.yes or ()), *(written.no or ())))}")
    return text


def _moment(text: str, forms: tuple[str, ...]) -> str:
    """A date, or an instant where its form has a zone. Where a form has a time without a zone, its date counts."""
    found = dict.fromkeys(_by_forms(text, forms))
    if len(found) > 1:
        raise Unreadable(f"{text[:40]!r} is {' or '.join(found)}: its forms leave open which")
    return next(iter(found), text)


def _by_forms(text: str, forms: tuple[str, ...]) -> Iterator[str]:
    for form in forms:
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 (with %z it has a zone, otherwise it is a date)
        except ValueError:
            continue
        yield moment.isoformat() if moment.tzinfo else date(moment.year, moment.month, moment.day).isoformat()
