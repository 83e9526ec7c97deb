"""Gusto, payroll CSV: one row per person with a column per kind of pay, matched by name and, better, by Gusto's id."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from services.payout.exports.files import Dialect, Value
from services.payout.payroll.formats.base import Column, FileRow, PayrollFormat, of_line
from services.payout.payroll.formats.cells import Code, Money, Words
from services.payout.payroll.line import BatchHeader, PayrollLine
from shared.money import from_minor

Title = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Gusto(PayrollFormat):
    """Commission and bonus beside the name. A blank leaves what Gusto has; a zero, which would not, is never
    written.
    """

    # Matched by name, so a name cannot be made harmless by an apostrophe: one that begins as a formula is refused.
    dialect: ClassVar[Dialect] = Dialect(encoding="utf-8")
    code_form: ClassVar[str] = r"[a-z][a-z0-9_]*"

    format: Literal["gusto"] = "gusto"
    """`gusto`."""
    pay_codes: dict[Title, str] = Field(default={"commission": "commission", "bonus": "bonus"}, min_length=1)
    """The column of Gusto's template for each pay code. Gusto takes no earning types of one's own in a CSV."""
    title: str | None = Field(default=None, max_length=60)
    """A job title for everybody, where people have several rates of pay."""

    def layout(self) -> tuple[Column, ...]:
        """Names first; the amounts in the order of the settings."""
        titles = dict.fromkeys(self.pay_codes.values())  # two pay codes may come into one column
        return (
            of_line("last_name", "last_name", cell=Words(needed=True, longest=120, guarded=False)),
            of_line("first_name", "first_name", cell=Words(needed=True, longest=120, guarded=False)),
            *(
                [Column(heading="title", field="title", value=lambda _: self.title, cell=Words(guarded=False))]
                if self.title
                else []
            ),
            of_line("gusto_employee_id", "payroll_id", cell=Code(pattern="[A-Za-z0-9]{6}", needed=True)),
            *(Column(heading=title, field="amount", value=partial(self._of, title), cell=_MONEY) for title in titles),
        )

    def rows(self, lines: Sequence[PayrollLine], head: BatchHeader) -> list[FileRow]:
        """One row per person."""
        single = (row.line for row in super().rows(lines, head))
        # One after the other already, because rows are ordered by person and currency.
        people = groupby(single, lambda line: (line.payroll_id, line.participant_id, line.currency))
        return [FileRow(at, tuple(group), head) for at, (_, group) in enumerate(people, 1)]

    def _of(self, column: str, row: FileRow) -> Value:
        """What a person gets in one column, summed."""
        due = sum(line.amount for line in row.lines if self.code(line) == column)
        # Gusto keeps what it has under a blank, not under a zero.
        return from_minor(due, row.line.currency) if due else None


_MONEY = Money(needed=False)
