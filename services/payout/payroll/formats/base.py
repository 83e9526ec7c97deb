"""What all payroll formats share: settings, columns, what is refused, and how lines become rows.

A format is a table: each column says its heading, its value and the kind of its cell. The kinds check and write, so
that what is checked is what is written. A format is one module that says its settings and its columns.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, ClassVar, Final, NamedTuple

from pydantic import Field, StringConstraints, model_validator

from services.payout.exports.files import XLSX, Dialect, File, Sheet, Value, plain_amount, workbook
from services.payout.payroll.formats.cells import Cell, Code, Fixed
from services.payout.payroll.line import BatchHeader, PayrollLine
from shared.contracts.base import NAME, CurrencyCode
from shared.money import from_minor
from shared.pay.identities import Reading, as_read
from shared.pay.policy import PolicyPart

PayCode = Annotated[str, StringConstraints(pattern=NAME)]
"""Earnest's word for what a line pays: commission, bonus, draw, guarantee, clawback..."""

Codes = dict[PayCode, str]
"""The target's code for each of them."""

_CODE: Final = Code()
CREATED: Final = date(2000, 1, 1)
"""When our spreadsheets say they were made: always the same, so that the same lines give the same bytes."""


class RefusedLine(NamedTuple):
    """A line that the target would refuse: its id and row, the field, a code for machines and a sentence for people."""

    line: str
    row: int
    field: str
    code: str
    message: str


class Objection(NamedTuple):
    """Why a line is refused, before it is said where it stands."""

    field: str
    code: str
    message: str


class IdOwner(NamedTuple):
    """Whose an id in payroll is, and the id as the roster has it."""

    participant_id: str
    payroll_id: str


IdOwners = dict[str, IdOwner]
"""Whose each id of one payroll is, by the id as payroll reads it (`PayrollFormat.identity`)."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row of a file: its number from 1, and the lines it pays: several where a format has one row per person."""

    number: int
    lines: tuple[PayrollLine, ...]
    head: BatchHeader

    @property
    def line(self) -> PayrollLine:
        """The line, or the first of them."""
        return self.lines[0]

    @property
    def reference(self) -> str:
        """A short name of this row that no row of another batch has."""
        return f"B{self.head.number}-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its heading, the field of the line that a refusal names, its value in a row, and the kind of its
    cell.
    """

    heading: str
    field: str
    value: Callable[[FileRow], Value]
    cell: Cell


def blank(heading: str) -> Column:
    """A column that stays empty."""
    return Column(heading=heading, field=heading, value=lambda _: None, cell=Fixed())


def fixed(heading: str, value: Value) -> Column:
    """A column that has the same value in every row."""
    return Column(heading=heading, field=heading, value=lambda _: value, cell=Fixed())


def of_line(heading: str, field: str, *, cell: Cell) -> Column:
    """A column that has a field of the line."""
    return Column(heading=heading, field=field, value=lambda row: getattr(row.line, field), cell=cell)


class PayrollFormat(PolicyPart, ABC):
    """A payroll format with its settings."""

    version: ClassVar[int] = 1
    """Of the layout. Who changes the bytes counts it up: batches of an earlier one are then proven by their hashes
    only.
    """
    takes_negatives: ClassVar[bool] = False
    """Whether a line may be negative, for example a clawback."""
    code_form: ClassVar[str] = r"[A-Za-z0-9_][A-Za-z0-9 _.&/-]*"
    """What the target's pay codes look like, as a regular expression."""
    dialect: ClassVar[Dialect] = Dialect()
    extension: ClassVar[str] = "csv"
    numbered_by: ClassVar[tuple[str, ...] | None] = None
    """The settings that say which company of the target is paid, each with numbers of its own for its people; none
    where all have one numbering. None: the file does not say which company it is for.
    """
    names_people_by: ClassVar[str] = "payroll_id"
    """The field of a line by which the file names a person."""

    format: str
    """The format."""
    currency: CurrencyCode | None = None
    """The only currency that the file may hold. It is needed where the layout has no place for a currency."""
    pay_codes: Codes = Field(min_length=1)
    """The target's code for each of Earnest's pay codes, as agreed with payroll. A pay code without one is refused."""
    reads_ids: Reading = "loosely"
    """How payroll tells people apart by the ids of the file. `loosely`: case, blanks and zeros before a number make no
    difference, nor does what comes after the 15th digit, which a spreadsheet loses; two people whose ids read the same
    are refused. `exactly`: every character counts, as it stands in the file. Say this only where payroll is known to
    read so.
    """

    @model_validator(mode="after")
    def _agreed(self) -> PayrollFormat:
        if self.currency is None and all(column.field != "currency" for column in self.layout()):
            raise ValueError("currency: the layout has no place for a currency, so say which one it is")
        for pay_code, target in self.all_codes.items():
            if not re.fullmatch(self.code_form, target):
                raise ValueError(f"pay_codes: {pay_code} is mapped to {target!r}, which is no code of this target")
        return self

    @property
    def all_codes(self) -> Codes:
        """Every code of the target that can come into the file."""
        return self.pay_codes

    @property
    def version_name(self) -> str:
        """The format and its version, as manifests name it: `gusto/1`."""
        return f"{self.format}/{self.version}"

    @abstractmethod
    def layout(self) -> tuple[Column, ...]:
        """The columns, in order."""

    def person(self, line: PayrollLine) -> str | None:
        """The id by which the file names a person, as it was given; the file may write it otherwise."""
        named: str | None = getattr(line, self.names_people_by)
        return named

    def identity(self, person: str) -> str:
        """An id as payroll reads it in the file: two people of whom it is the same are one person there."""
        return as_read(self._naming.text(person), self.reads_ids)

    # Asked for every line of a run, and always the same: settings never change.
    @cached_property
    def _naming(self) -> Cell:
        """The cell that names a person."""
        return next(column.cell for column in self.layout() if column.field == self.names_people_by)

    def code(self, line: PayrollLine) -> str | None:
        """The target's code of a line; None where nothing is agreed."""
        return self.pay_codes.get(line.pay_code)

    def amount(self, row: FileRow) -> Decimal:
        """What a row pays, in major units with the currency's decimals."""
        # Summed in minor units, so that nothing is rounded on the way.
        return from_minor(sum(line.amount for line in row.lines), row.line.currency)

    def code_column(self, heading: str, *, cell: Cell = _CODE) -> Column:
        """The column of the target's codes."""
        return Column(heading=heading, field="pay_code", value=lambda row: self.code(row.line), cell=cell)

    def amount_column(self, heading: str, *, cell: Cell) -> Column:
        """The column of the amounts."""
        return Column(heading=heading, field="amount", value=self.amount, cell=cell)

    def rows(self, lines: Sequence[PayrollLine], head: BatchHeader) -> list[FileRow]:
        """The rows of a file in order: by person, currency, pay code and line."""
        # By nothing that chance decides: the same lines in any order give the same rows, and so the same bytes.
        ordered = sorted(lines, key=lambda line: (self.person(line) or "", line.currency, line.pay_code, line.id))
        return [FileRow(at, (line,), head) for at, line in enumerate(ordered, 1)]

    def refused(
        self, lines: Sequence[PayrollLine], head: BatchHeader, *, owners: IdOwners | None = None
    ) -> list[RefusedLine]:
        """The lines that the target would refuse, and why: by row, all reasons of each.

        Args:
            lines: the lines of a file.
            head: what its batch says.
            owners: whose ids of the same payroll are besides; those of the lines are added.
        """
        refused: list[RefusedLine] = []
        columns = self.layout()
        unseen = Counter(line.id for line in lines)
        owners = {} if owners is None else owners
        for row in self.rows(lines, head):
            for line in row.lines:
                for objection in (*self._objections(line), *self._shared(line, owners)):
                    refused.append(RefusedLine(line.id, row.number, *objection))
                # Said of all but the last of them, so that as many are named as are too many.
                if unseen[line.id] > 1:
                    unseen[line.id] -= 1
                    twice = Objection("id", "duplicate", "the line is in the batch twice")
                    refused.append(RefusedLine(line.id, row.number, *twice))
            for column in columns:
                if refusal := column.cell.check(column.value(row)):
                    message = f"{column.heading} of {row.line.participant_id} {refusal.message}"
                    objection = Objection(column.field, refusal.code, message)
                    refused.append(RefusedLine(row.line.id, row.number, *objection))
        return refused

    def _objections(self, line: PayrollLine) -> Iterator[Objection]:
        """What no column can see."""
        who = line.participant_id
        if self.code(line) is None:
            why = f"the profile has no code of the target for {line.pay_code}"
            yield Objection("pay_code", "unmapped", why)
        if line.amount == 0:
            yield Objection("amount", "zero", f"the amount of {who} is zero: there is nothing to pay")
        if line.amount < 0 and not self.allows_negative(line):
            why = f"the amount of {who} is negative, which the target does not take"
            yield Objection("amount", "negative", why)
        if self.currency is not None and line.currency != self.currency:
            why = f"the file is in {self.currency}, the line in {line.currency}"
            yield Objection("currency", "currency", why)

    def _shared(self, line: PayrollLine, owners: IdOwners) -> Iterator[Objection]:
        """Where payroll would take the person of a line for somebody else."""
        if not (person := self.person(line)):
            return
        owner = owners.setdefault(self.identity(person), IdOwner(line.participant_id, person))
        if owner.participant_id != line.participant_id:
            one, other = f"{owner.participant_id} ({owner.payroll_id})", f"{line.participant_id} ({person})"
            same = "have the same id" if owner.payroll_id == person else "have ids that are the same"
            why = f"{one} and {other} {same} in payroll: it would pay one for both"
            yield Objection(self.names_people_by, "shared", why)

    def allows_negative(self, _: PayrollLine) -> bool:
        """Whether this negative line can be written."""
        return self.takes_negatives

    def files(self, lines: Sequence[PayrollLine], head: BatchHeader) -> tuple[File, ...]:
        """The files of lines of which none is refused, the one to import first. The same lines give the same bytes."""
        return (self.text_file(lines, head),)

    def text_file(
        self, lines: Sequence[PayrollLine], head: BatchHeader, *, header: bool = True, dialect: Dialect | None = None
    ) -> File:
        """The columns as delimited text."""
        dialect = dialect or self.dialect
        columns = self.layout()
        table = [[column.heading for column in columns]] if header else []
        table += [[column.cell.text(column.value(row)) for column in columns] for row in self.rows(lines, head)]
        return File(name=self.file_name(head), media_type=dialect.media_type(header), content=dialect.encode(table))

    def sheet_file(
        self, lines: Sequence[PayrollLine], head: BatchHeader, *, sheet: str = "Sheet1", header: bool = True
    ) -> File:
        """The columns as a spreadsheet."""
        columns = self.layout()
        table: list[list[Value]] = [[column.heading for column in columns]] if header else []
        table += [[column.cell.sheet(column.value(row)) for column in columns] for row in self.rows(lines, head)]
        content = workbook([Sheet(name=sheet, rows=table, amounts=plain_amount)], created=CREATED)
        return File(name=self.file_name(head), media_type=XLSX, content=content)

    def file_name(self, head: BatchHeader) -> str:
        """What the file is called."""
        return f"{head.batch}.{self.extension}"


class WithDeductions(PayrollFormat):
    """A format that takes no negative earning, but a deduction under a code of its own with a positive amount."""

    deduction_codes: Codes = Field(default={})
    """The target's deduction code for pay codes whose negative lines become deductions. Without one, they are refused.
    """

    @property
    def all_codes(self) -> Codes:
        """Earning and deduction codes."""
        return self.pay_codes | {f"{code} (deduction)": target for code, target in self.deduction_codes.items()}

    def code(self, line: PayrollLine) -> str | None:
        """The earning code, or for a negative line the deduction code."""
        codes = self.deduction_codes if line.amount < 0 and self.allows_negative(line) else self.pay_codes
        return codes.get(line.pay_code)

    def allows_negative(self, line: PayrollLine) -> bool:
        """Where a deduction code is agreed."""
        return line.pay_code in self.deduction_codes

    def amount(self, row: FileRow) -> Decimal:
        """Positive, also where it is deducted."""
        return abs(super().amount(row))
