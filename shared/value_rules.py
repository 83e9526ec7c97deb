"""How a source writes values, and the rule by which one of them is read: the same for a webhook's body and a row of a
file.

What is read is text in the form of the contracts: `1234.50`, `2025-03-31`, `yes`. Nothing is guessed: a text that the
notation does not allow, or that it allows to be read in two ways, is refused with the reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Final, Literal, NamedTuple, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from shared.contracts.base import YEARS
from shared.decimals import NotDecimal, bounded_decimal, moved

Kind = Literal["text", "money", "number", "date", "yes_no"]
"""What a value is to be. What a source says of rounding holds for money; a rate keeps its decimals."""
OTHERWISE: Final = "*"
EPOCHS: Final = {"unix": timedelta(seconds=1), "unix_ms": timedelta(milliseconds=1)}
"""Forms of instants as numbers: the steps since the beginning of 1970 (UTC)."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EXAMPLE: Final = datetime(2025, 12, 31, 17, 30, tzinfo=UTC)
_LIKE_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""What validation reads, and names where it is none, whatever forms there are besides."""
_LETTERS: Final = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "n"}
)
"""Letters that are no letter with an accent, as passports write them; ß is ss in small letters anyway."""
_PRINTED: Final = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009", " ") | {"\u2019": "'", "\u2212": "-"})
"""Signs of numbers as they are printed: blanks and the apostrophe that group thousands, and the minus."""


class Unreadable(ValueError):
    """A text that cannot be read by its rule; the message says what was expected."""


NULLS: Final = ("NULL", "Null", "null")
"""The word for nothing, as YAML reads it and exports write it."""
_NAMES: Final = {None: "null", True: "yes", False: "no"}
"""Names that YAML takes for values: somebody who writes `null: [NULL]` means the words."""


def _word(given: Any) -> Any:
    """A number, or yes and no, that stands for a text."""
    if isinstance(given, bool):  # `true` and no other word is read so
        return str(given).lower()
    return str(given) if isinstance(given, int | Decimal) else given


def _several(given: Any) -> Any:
    listed = given if isinstance(given, list | tuple) else [given]
    return [word for one in listed for word in (NULLS if one is None else (_word(one),))]


def _vocabulary(given: Any) -> Any:
    return {_word(name): _word(said) for name, said in given.items()} if isinstance(given, dict) else given


Word = str | int | Decimal | bool
"""What may stand where a text is meant, as YAML reads it."""
Several = Annotated[tuple[str, ...], BeforeValidator(_several, json_schema_input_type=Word | None | list[Word | None])]
"""One text, or a list of them."""
_Repairs = Annotated[dict[str, str], BeforeValidator(_vocabulary, json_schema_input_type=dict[str, Word])]
_Values = Annotated[dict[str, str | None], BeforeValidator(_vocabulary, json_schema_input_type=dict[str, Word | None])]


Outer = TypeVar("Outer", bound="Notation")


class Notation(BaseModel):
    """How a source writes what it says. What a rule does not say of its own, its source says for all."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    null: Several | None = None
    """Texts for nothing, such as NULL or N/A."""
    yes: Several | None = None
    """Words for yes, such as ja or x."""
    no: Several | None = None
    """Words for no."""
    decimal: Literal[".", ","] | None = None
    """The decimal sign of numbers."""
    thousands: Literal[",", ".", " ", "'"] | None = None
    """What groups thousands in numbers."""
    currency_signs: Several | None = None
    """What may stand beside an amount."""
    format: Several | None = None
    """How dates and instants are written, one form or several: strptime, or `unix` and `unix_ms` for seconds and
    milliseconds since 1970."""
    zone: str | None = None
    """The time zone of times that name none, and in which an instant is of one day or another."""
    round: Annotated[int, Field(ge=0, le=6)] | None = None
    """To how many decimals amounts are rounded, half away from zero; without it an amount that is finer than its
    currency is refused."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        named = {_NAMES.get(name, name): said for name, said in given.items()}
        # `null: NULL` says the word, and not that nothing is said.
        return named | {"null": NULLS} if "null" in named and named["null"] is None else named

    @field_validator("format")
    @classmethod
    def _is_a_format(cls, forms: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for form in forms or ():
            if form in EPOCHS:
                continue
            # `dd.mm.yyyy` would be read as literal letters, and refuse every date.
            if "%" not in form:
                raise ValueError(
                    f"{form!r} has no %: write 31.12.2025 as %d.%m.%Y, 12/31/25 as %m/%d/%y, seconds since 1970 as unix"
                )
            try:
                datetime.strptime(datetime(2000, 1, 1, tzinfo=UTC).strftime(form), form)  # noqa: DTZ007
            except (ValueError, re.error) as error:  # the latter of a field that it names twice
                raise ValueError(f"{form!r} is no form of dates: {error}") from None
        return forms

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str | None) -> str | None:
        try:
            _ = name and ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"there is no time zone {name!r}; write one like Europe/Berlin") from None
        return name

    def within(self, outer: Outer) -> Outer:
        """What this notation says of that which `outer` says, and what it does not say as `outer` says it."""
        names = type(outer).model_fields
        said = {name: value for name in names if (value := getattr(self, name, None)) is not None}
        return outer.model_copy(update=said)

    def of_typed(self) -> Self:
        """The notation of what is a number or a date already where it comes from: no sign and no form is in these."""
        return self.model_copy(update={"decimal": None, "thousands": None, "format": None})


PLAIN: Final = Notation()


class ValueRule(Notation):
    """What is done to a value, in this order: repairs, values, then its notation, and scale."""

    type: Kind | None = None
    """What it is, where its field does not say it."""
    repairs: _Repairs = Field(default_factory=dict)
    """Known slips and what is right; each use of them is reported."""
    values: _Values = Field(default_factory=dict)
    """A vocabulary, `*` for all others; yes and no are read as `true` and `false`."""
    scale: int = Field(default=0, ge=-12, le=12)
    """Moves the decimal point: -2 reads cents."""

    def read(self, text: str, kind: Kind | Literal["instant"], *, notation: Notation = PLAIN) -> Reading:
        """What a text says, by this rule and the notation of its source. An `instant` is when an event was, to which no
        day is enough.

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
        # A rule with a form or a zone is one of a date, whatever takes it.
        if kind in ("date", "instant") or self.format is not None or self.zone is not None:
            return Reading(_moment(text, written, is_day=kind != "instant"), repaired=repaired)
        if kind in ("money", "number"):
            number = _number(text, written)
            number = _try_moved(number, self.scale) if self.scale else number
            decimals = written.round if kind == "money" else self.round
            rounded = None if decimals is None else _rounded(number, decimals)
            return Reading(rounded or number, repaired=repaired, unrounded=rounded and number)
        if kind == "yes_no":
            return Reading(_yes_no(text, written), repaired=repaired)
        return Reading(_try_moved(text, self.scale) if self.scale else text, repaired=repaired)

    def said(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """The texts of its vocabulary, which are in our terms, each with its place in the rule."""
        yield from ((("values", word), text) for word, text in self.values.items() if text is not None)


class Reading(NamedTuple):
    """A value as text in the form of the contracts, or nothing; whether it was repaired, and what it was before it was
    rounded.
    """

    value: str | None
    repaired: bool = False
    unrounded: str | None = None


def id_of_name(name: str) -> str:
    """The id of a person's name: lower case letters and digits, joined by dots (`Ada Lovelace` is `ada.lovelace`).

    Raises:
        Unreadable: it has letters for which none of a-z stands, or nothing to make an id of.
    """
    # Taken apart, letters lose their accents, not themselves: Zoë is zoe.
    apart = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign))
    # What is left out of a name silently makes one id of two people.
    strange = "".join(dict.fromkeys(sign for sign in plain if sign.isalnum() and not sign.isascii()))
    words = re.findall(r"[a-z0-9]+", plain)
    if strange or not words:
        what = f"has {strange[:10]}, for which no letter a-z stands" if strange else "has no letter and no digit"
        raise Unreadable(f"{name[:40]!r} {what}: name a column of ids instead of as_id")
    return ".".join(words)


def _number(text: str, written: Notation) -> str:
    """A number in plain digits; a percentage keeps its sign, for only some fields are one.

    Accounting writes what is negative in brackets, or with the minus behind.
    """
    bare, unit = text.translate(_PRINTED).strip(), ""
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
    # What is yes or no already where it comes from, in a Parquet file or a spreadsheet, has these for its text.
    if (written.yes or written.no) and word not in ("true", "false"):
        raise Unreadable(f"{text[:40]!r} is none of {', '.join((*(written.yes or ()), *(written.no or ())))}")
    return text


def _moment(text: str, written: Notation, *, is_day: bool) -> str:
    """A date or an instant, by the forms of a notation and its zone; as it stands, where none of them fits it."""
    zone = None if written.zone is None else ZoneInfo(written.zone)
    moments = [*_by_forms(text, written.format or ())]
    if not moments and zone is not None:
        moments = [*_by_iso(text)]
    # Beyond these years it is a slip, such as milliseconds that are said to be seconds; and zones overflow there.
    plausible = (moment for moment in moments if moment.year in YEARS)
    found = dict.fromkeys(_said(moment, zone, is_day=is_day) for moment in plausible)
    if len(found) > 1:
        raise Unreadable(f"{text[:40]!r} is {' or '.join(found)}: its forms leave open which")
    if not found and written.format and not _LIKE_ISO.match(text):
        forms = ", ".join(form if form in EPOCHS else f"{form}, as {_EXAMPLE:{form}}" for form in written.format)
        raise Unreadable(f"{text[:40]!r} is not written as dates are here ({forms})")
    return next(iter(found), text)


def _said(moment: datetime, zone: ZoneInfo | None, *, is_day: bool) -> str:
    """A moment as text. Which day an instant is of is left to its reader, where no zone is said; a time without a zone
    is of its own day.
    """
    if is_day and (moment.tzinfo is None or zone is not None):
        local = moment if moment.tzinfo is None else moment.astimezone(zone)
        return local.date().isoformat()
    if moment.tzinfo is None:
        return (moment.date() if zone is None else moment.replace(tzinfo=zone)).isoformat()
    return moment.isoformat()


def _by_forms(text: str, forms: tuple[str, ...]) -> Iterator[datetime]:
    for form in forms:
        try:
            # With %z it has a zone, otherwise it has none.
            yield _since_1970(text, EPOCHS[form]) if form in EPOCHS else datetime.strptime(text, form)  # noqa: DTZ007
        except (ValueError, OverflowError):
            continue


def _by_iso(text: str) -> Iterator[datetime]:
    with suppress(ValueError):
        yield datetime.fromisoformat(text)


def _since_1970(text: str, step: timedelta) -> datetime:
    microseconds = bounded_decimal(text) * (step // timedelta(microseconds=1))
    return _EPOCH + timedelta(microseconds=int(microseconds))
