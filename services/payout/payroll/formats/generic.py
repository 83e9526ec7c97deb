"""Generic CSV and XLSX: columns chosen from a vocabulary, under the headings and in the notation that the reader wants.

With its default settings this is the file of an installation that has published no payroll profile. It carries negative
amounts where the profile says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, StringConstraints, model_validator

from services.payout.exports.files import SIGNIFICANT, DatePattern, Dialect, File, Quoting, Value
from services.payout.payroll.formats.base import Codes, Column, FileRow, PayrollFormat
from services.payout.payroll.formats.cells import Cell, Code, Day, Fixed, Money, Words
from services.payout.payroll.line import BatchHeader, PayrollLine
from shared.pay.policy import PolicyPart
from shared.spreadsheets import PLAIN

Source = Literal[
    "batch_id",
    "row",
    "line_id",
    "participant_id",
    "payroll_id",
    "first_name",
    "last_name",
    "entity",
    "cost_center",
    "pay_group",
    "pay_code",
    "currency",
    "amount",
    "period",
    "pay_period_start",
    "pay_period_end",
    "pay_date",
    "memo",
    "constant",
]
"""What a column can hold. `constant` holds the text of the column's `value`."""

# Wider than `cells.SAFE_ID`: here ids of Earnest's own are written too, which hold dots, slashes and addresses. None
# begins a formula.
_ID: Final = r"[A-Za-z0-9][A-Za-z0-9._:@/+-]*"
_OF_THE_BATCH: Final[Mapping[str, Callable[[FileRow], Value]]] = {
    "batch_id": lambda row: row.head.batch,
    "row": lambda row: str(row.number),
    "line_id": lambda row: row.line.id,
    "pay_group": lambda row: row.head.run.pay_group,
}


class Chosen(PolicyPart):
    """A column of the file."""

    source: Source
    """What the column holds."""
    heading: Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=f"^{PLAIN}$")]
    """The title of the column."""
    value: str = Field(default="", max_length=120, pattern=f"^(|{PLAIN})$")
    """What a `constant` holds."""
    longest: int | None = Field(default=None, ge=1, le=1000)
    """The longest text or id that the reader takes; a longer one is refused."""
    needed: bool | None = None
    """Whether an empty cell is refused. Ids, codes, amounts and dates are needed unless this says otherwise; names,
    memos, entities, cost centers and pay groups are not.
    """


_DATES: Final = {"pay_period_start", "pay_period_end", "pay_date"}
_WORDS: Final = {"first_name", "last_name", "memo"}
_OPTIONAL: Final = {"entity", "cost_center", "pay_group"}
_DEFAULT: Final = ("batch_id", "participant_id", "period", "pay_code", "currency", "amount")


class Generic(PayrollFormat):
    """One row per line."""

    takes_negatives: ClassVar[bool] = True
    code_form: ClassVar[str] = _ID

    format: Literal["generic"] = "generic"
    """`generic`."""
    pay_codes: Codes = Field(default={})
    """The reader's code for each pay code. Without any, each is written in capitals."""
    file: Literal["csv", "xlsx"] = "csv"
    """A CSV or a spreadsheet."""
    columns: tuple[Chosen, ...] = Field(
        default=tuple(Chosen(source=source, heading=source) for source in _DEFAULT), min_length=1
    )
    """The columns, in order."""
    delimiter: Literal[",", ";", "\t", "|"] = ","
    """The sign between columns of a CSV."""
    newline: Literal["crlf", "lf"] = "crlf"
    """The end of a row of a CSV."""
    encoding: Literal["ascii", "utf-8", "utf-8-sig", "cp1252", "iso-8859-1"] = "utf-8"
    """The charset; `utf-8-sig` begins with the mark by which Excel knows UTF-8."""
    quoting: Quoting = "minimal"
    """Which cells of a CSV stand in quotation marks: those that need it, all, or none, and then none may need it."""
    header: bool = True
    """Whether the first row has the headings."""
    decimal_sign: Literal[".", ","] = "."
    """The sign before the decimals in a CSV."""
    decimals: int | None = Field(default=None, ge=0, le=4)
    """How many decimals an amount has; those of its currency unless said."""
    minus_behind: bool = False
    """Whether a minus stands behind the amount in a CSV."""
    negatives: bool = True
    """Whether negative lines are written; they are refused where the reader does not take them."""
    date_pattern: DatePattern = "YYYY-MM-DD"
    """How dates are written in a CSV."""
    sheet: str = Field(default="Payroll", pattern=r"^[A-Za-z0-9 _-]{1,31}$")
    """The name of the spreadsheet's only sheet."""

    @model_validator(mode="after")
    def _readable(self) -> Generic:
        sources = [column.source for column in self.columns]
        if "amount" not in sources or not {"participant_id", "payroll_id"} & set(sources):
            raise ValueError("columns: a payroll file needs the amount, and participant_id or payroll_id")
        # Delimiters in texts are refused line by line; an amount with one would be in every row.
        if self.quoting == "none" and self.decimal_sign == self.delimiter:
            raise ValueError("quoting: without it the decimal sign cannot be the delimiter")
        for text in (*(column.heading for column in self.columns), *(column.value for column in self.columns)):
            if objection := self._words(True, None).check(text or "-"):
                raise ValueError(f"columns: {text!r} {objection.message}")
        return self

    @property
    def names_people_by(self) -> str:  # type: ignore[override]
        """Payroll's own ids where the file has them."""
        return "payroll_id" if any(column.source == "payroll_id" for column in self.columns) else "participant_id"

    def code(self, line: PayrollLine) -> str | None:
        """The reader's code, or the pay code in capitals."""
        return self.pay_codes.get(line.pay_code) if self.pay_codes else line.pay_code.upper()

    def allows_negative(self, _: PayrollLine) -> bool:
        """As the settings say."""
        return self.negatives

    def layout(self) -> tuple[Column, ...]:
        """Those chosen."""
        return tuple(
            Column(heading=chosen.heading, field=chosen.source, value=self._value(chosen), cell=self._cell(chosen))
            for chosen in self.columns
        )

    def _value(self, chosen: Chosen) -> Callable[[FileRow], Value]:
        """Where the value of a column comes from."""
        if chosen.source == "constant":
            return lambda _: chosen.value
        if chosen.source == "amount":
            return self.amount
        if chosen.source == "pay_code":
            return lambda row: self.code(row.line)
        if of_the_batch := _OF_THE_BATCH.get(chosen.source):
            return of_the_batch
        return lambda row: getattr(row.line, chosen.source)

    def _cell(self, chosen: Chosen) -> Cell:
        """How a column is checked and written."""
        needed = chosen.source not in _OPTIONAL if chosen.needed is None else chosen.needed
        if chosen.source == "constant":
            return Fixed()
        if chosen.source == "amount":
            # In a CSV every digit is there, whatever program opens it later.
            digits = SIGNIFICANT if self.file == "xlsx" else None
            return Money(
                digits=self.decimals, decimal=self.decimal_sign, minus_behind=self.minus_behind, significant=digits
            )
        if chosen.source in _DATES:
            return Day(pattern=self.date_pattern)
        if chosen.source in _WORDS:
            return self._words(chosen.needed is True, chosen.longest)
        return Code(pattern=_ID, longest=chosen.longest, needed=needed)

    def _words(self, needed: bool, longest: int | None) -> Words:
        """Free text in this notation."""
        bare = self.file == "csv" and self.quoting == "none"
        forbidden = f'"{self.delimiter}' if bare else ""
        encoding = self.encoding if self.file == "csv" else "utf-8"
        return Words(needed=needed, longest=longest, encoding=encoding, forbidden=forbidden, lines=not bare)

    @property
    def _dialect(self) -> Dialect:
        newline = "\r\n" if self.newline == "crlf" else "\n"
        return Dialect(delimiter=self.delimiter, newline=newline, encoding=self.encoding, quoting=self.quoting)

    def files(self, lines: Sequence[PayrollLine], head: BatchHeader) -> tuple[File, ...]:
        """A CSV or a spreadsheet."""
        if self.file == "xlsx":
            return (self.sheet_file(lines, head, sheet=self.sheet, header=self.header),)
        return (self.text_file(lines, head, header=self.header, dialect=self._dialect),)

    def file_name(self, head: BatchHeader) -> str:
        """By the batch."""
        return f"{head.batch}.{self.file}"
