"""What the formats share: what a format is, faults that name the row, and amounts as text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, NamedTuple

from services.payout.exports.identities import Reading, as_read
from services.payout.gl.entry import Entry, Line
from shared.money import from_minor
from shared.pay.policy import PolicyPart
from shared.spreadsheets import could_be_formula

DateForm = Literal["YYYY-MM-DD", "MM/DD/YYYY", "DD/MM/YYYY", "DD.MM.YYYY"]
_DATES: Final[dict[DateForm, str]] = {
    "YYYY-MM-DD": "{0:04d}-{1:02d}-{2:02d}",
    "MM/DD/YYYY": "{1:02d}/{2:02d}/{0:04d}",
    "DD/MM/YYYY": "{2:02d}/{1:02d}/{0:04d}",
    "DD.MM.YYYY": "{2:02d}.{1:02d}.{0:04d}",
}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


class Fault(NamedTuple):
    """Why the target would refuse an entry: its id, the line from 1 or 0 for all of it, the column, and a sentence."""

    entry: str
    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        where = f", line {self.line}" if self.line else ""
        return f"entry {self.entry}{where}, {self.field}: {self.reason}"


class Refused(ValueError):
    """The target would refuse the file."""

    def __init__(self, format_name: str, faults: Sequence[Fault]) -> None:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{format_name} would refuse this: {faults[0]}{more}")
        self.format_name, self.faults = format_name, tuple(faults)


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file. `check` and `write` take entries and the settings, a model of `settings`."""

    name: str
    title: str
    suffix: str
    media_type: str
    settings: type[PolicyPart]
    check: Callable[[Sequence[Entry], Any], Iterable[Fault]]
    write: Callable[[Sequence[Entry], Any], bytes]
    most_lines: int | None = None
    """How many lines the target takes in one file; more become several files."""
    reads_names: Reading = "loosely"
    """How the target tells accounts and values of dimensions apart."""

    def files(self, entries: Sequence[Entry], settings: Any) -> list[bytes]:
        """The files of entries, in order; the same entries and settings give the same bytes.

        Raises:
            Refused: the target would refuse them.
        """
        faults = [
            Fault(entry.id, 0, "entity", f"{entry.entity!r} has a character that no file can hold")
            for entry in entries
            if _CONTROL.search(entry.entity)
        ]
        faults += self.check(entries, settings)
        faults += self._alike(entries)
        faults += [
            Fault(entry.id, 0, "lines", f"has {len(entry.lines)} lines, and a file has {self.most_lines} at most")
            for entry in entries
            if self.most_lines is not None and len(entry.lines) > self.most_lines
        ]
        if faults:
            raise Refused(self.name, faults)
        return [self.write(part, settings) for part in self._parts(entries)]

    def _alike(self, entries: Sequence[Entry]) -> Iterator[Fault]:
        """Accounts, and values of a dimension, that are two here and one for the target."""
        known: dict[tuple[str, str], str] = {}
        for entry, number, line in lines_of(entries):
            for field, text in (("account", line.account), *line.dimensions):
                if (first := known.setdefault((field, as_read(text, self.reads_names)), text)) != text:
                    yield Fault(entry.id, number, field, f"{text!r} and {first!r} are one to {self.name}")

    def _parts(self, entries: Sequence[Entry]) -> list[list[Entry]]:
        parts: list[list[Entry]] = [[]]
        for entry in entries:
            if self.most_lines is not None and sum(len(each.lines) for each in [*parts[-1], entry]) > self.most_lines:
                parts.append([])
            parts[-1].append(entry)
        return parts


def money(minor: int, currency: str) -> str:
    """An amount in major units with the currency's decimals, `-1234.50`."""
    return f"{from_minor(minor, currency):f}"


def day_text(day: date, form: DateForm) -> str:
    """A date as the target writes it."""
    return _DATES[form].format(day.year, day.month, day.day)


def lines_of(entries: Iterable[Entry]) -> Iterator[tuple[Entry, int, Line]]:
    """Every line with its entry and its number from 1."""
    return ((entry, number, line) for entry in entries for number, line in enumerate(entry.lines, 1))


def key_faults(entries: Iterable[Entry], most: int, forbidden: str = "") -> Iterator[Fault]:
    """What is matched by its text must arrive as it is: accounts and values of dimensions that would have to be changed are refused."""
    for entry, number, line in lines_of(entries):
        for field, text in (("account", line.account), *line.dimensions):
            if could_be_formula(text):
                yield Fault(entry.id, number, field, f"{text!r} could be taken for a formula")
            elif _CONTROL.search(text) or any(each in text for each in forbidden):
                yield Fault(entry.id, number, field, f"{text!r} has a character that the file cannot hold")
            elif len(text) > most:
                yield Fault(entry.id, number, field, f"{text!r} is longer than {most} characters")


def setting_faults(field: str, *texts: str) -> Iterator[Fault]:
    """What the settings put into a column must arrive as it is too."""
    for text in texts:
        if could_be_formula(text):
            yield Fault("", 0, field, f"{text!r} could be taken for a formula")


def currency_faults(entries: Iterable[Entry], currency: str) -> Iterator[Fault]:
    """A file that has no place for a currency holds one only."""
    for entry in entries:
        if entry.currency != currency:
            yield Fault(entry.id, 0, "currency", f"is {entry.currency}, and the file can only hold {currency}")


def entity_faults(entries: Sequence[Entry]) -> Iterator[Fault]:
    """A file that has no place for an entity goes to the books of one."""
    for entry in entries:
        if entry.entity != entries[0].entity:
            yield Fault(entry.id, 0, "entity", f"is {entry.entity!r}, and the file holds {entries[0].entity!r}")


def csv_bytes(rows: Iterable[Sequence[str]], delimiter: str = ",") -> bytes:
    """RFC 4180: CRLF, quotes where needed, UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
