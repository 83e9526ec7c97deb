"""What the formats share: what a format is, faults that name the row, and amounts as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from services.payout.gl.entry import EntryLine, JournalEntry
from shared.money import major_text
from shared.pay.identities import Reading, as_read
from shared.pay.policy import PolicyPart
from shared.spreadsheets import could_be_formula

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
"""What ends a line for some reader, or may not be in text at all. Readers differ in U+2028 and U+2029, so none goes
out.
"""


class Fault(NamedTuple):
    """Why the target would refuse an entry: its id, the line from 1 or 0 for all of it, the column, and a sentence."""

    entry: str
    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        where = f", line {self.line}" if self.line else ""
        return f"entry {self.entry}{where}, {self.field}: {self.reason}"


class FileRefused(ValueError):
    """The target would refuse the file."""

    def __init__(self, format_name: str, faults: Sequence[Fault]) -> None:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{format_name} would refuse this: {faults[0]}{more}")
        self.format_name, self.faults = format_name, tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFormat:
    """One kind of file of entries. `check` and `write` take entries and the settings, a model of `settings`."""

    name: str
    title: str
    suffix: str
    media_type: str
    settings: type[PolicyPart]
    check: Callable[[Sequence[JournalEntry], Any], Iterable[Fault]]
    write: Callable[[Sequence[JournalEntry], Any], bytes]
    most_lines: int | None = None
    """How many lines the target takes in one file; more become several files, and an entry is never split between two.
    """
    reads_names: Reading = "loosely"
    """How the target tells accounts and values of dimensions apart."""

    def files(self, entries: Sequence[JournalEntry], settings: Any) -> list[bytes]:
        """The files of entries, in order; the same entries and settings give the same bytes.

        Raises:
            FileRefused: the target would refuse them.
        """
        faults = [
            Fault(entry.id, 0, "entity", f"{entry.entity!r} has a character that no file can hold")
            for entry in entries
            if CONTROL.search(entry.entity)
        ]
        faults += self.check(entries, settings)
        # Account and dimension are matched by text: two that the target reads as one would be added up there without a
        # word.
        faults += self._alike(entries)
        faults += [
            Fault(entry.id, 0, "lines", f"has {len(entry.lines)} lines, and a file has {self.most_lines} at most")
            for entry in entries
            if self.most_lines is not None and len(entry.lines) > self.most_lines
        ]
        # All of them at once: whoever mends the policy should not have to try ten times.
        if faults:
            raise FileRefused(self.name, faults)
        return [self.write(part, settings) for part in self._parts(entries)]

    def _alike(self, entries: Sequence[JournalEntry]) -> Iterator[Fault]:
        """Accounts, and values of a dimension, that are two here and one for the target."""
        known: dict[tuple[str, str], str] = {}
        for entry, number, line in lines_of(entries):
            for field, text in (("account", line.account), *line.dimensions):
                if (first := known.setdefault((field, as_read(text, self.reads_names)), text)) != text:
                    yield Fault(entry.id, number, field, f"{text!r} and {first!r} are one to {self.name}")

    def _parts(self, entries: Sequence[JournalEntry]) -> list[list[JournalEntry]]:
        parts: list[list[JournalEntry]] = [[]]
        for entry in entries:
            lines = sum(len(placed.lines) for placed in parts[-1]) + len(entry.lines)
            if self.most_lines is not None and lines > self.most_lines:
                parts.append([])
            parts[-1].append(entry)
        return parts


def lines_of(entries: Iterable[JournalEntry]) -> Iterator[tuple[JournalEntry, int, EntryLine]]:
    """Every line with its entry and its number from 1."""
    return ((entry, number, line) for entry in entries for number, line in enumerate(entry.lines, 1))


def debit_and_credit(entry: JournalEntry, line: EntryLine) -> tuple[str, str]:
    """The amount of a line in two columns, of which one is empty."""
    debit, credit = (major_text(side, entry.currency) if side else "" for side in (line.debit, line.credit))
    return debit, credit


def key_faults(entries: Iterable[JournalEntry], most: int, *, forbidden: str = "") -> Iterator[Fault]:
    """What is matched by its text must arrive as it is: accounts and values of dimensions that would have to be changed
    are refused.
    """
    for entry, number, line in lines_of(entries):
        for field, text in (("account", line.account), *line.dimensions):
            if could_be_formula(text):
                yield Fault(entry.id, number, field, f"{text!r} could be taken for a formula")
            elif CONTROL.search(text) or any(character in text for character in forbidden):
                yield Fault(entry.id, number, field, f"{text!r} has a character that the file cannot hold")
            elif len(text) > most:
                yield Fault(entry.id, number, field, f"{text!r} is longer than {most} characters")


def setting_faults(field: str, *texts: str) -> Iterator[Fault]:
    """What the settings put into a column must arrive as it is too."""
    for text in texts:
        if could_be_formula(text):
            yield Fault("", 0, field, f"{text!r} could be taken for a formula")


def currency_faults(entries: Iterable[JournalEntry], currency: str) -> Iterator[Fault]:
    """A file that has no place for a currency holds one only."""
    for entry in entries:
        if entry.currency != currency:
            yield Fault(entry.id, 0, "currency", f"is {entry.currency}, and the file can only hold {currency}")


def entity_faults(entries: Sequence[JournalEntry]) -> Iterator[Fault]:
    """A file that has no place for an entity goes to the books of one."""
    for entry in entries:
        if entry.entity != entries[0].entity:
            yield Fault(entry.id, 0, "entity", f"is {entry.entity!r}, and the file holds {entries[0].entity!r}")
