"""DATEV LODAS, ASCII import of monthly movements: of three sections the second describes the records of the third."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Literal

from pydantic import Field

from services.payout.exports.files import File
from services.payout.payroll.formats.base import Column, fixed, of_line
from services.payout.payroll.formats.cells import Day
from services.payout.payroll.formats.datev import AMOUNT, COST_CENTER, PERSON, Datev
from services.payout.payroll.line import BatchHeader, PayrollLine

# This file's own number for the table of monthly movements: the second section says so, and each row of the third
# begins with it.
_RECORD: Final = "10"
_TABLE: Final = "u_lod_bwd_buchung_standard"


class Lodas(Datev):
    """Amounts on a wage type of the client's own (`la_eigene`), under the processing key that says they are amounts."""

    code_form: ClassVar[str] = r"[1-9][0-9]{0,3}"

    format: Literal["datev-lodas"] = "datev-lodas"
    """`datev-lodas`."""
    processing_key: int = Field(ge=1, le=9, examples=[2])
    """Bearbeitungsschlüssel (`bs_nr`) of an amount. It differs between installations: agree it with payroll; 1 is
    hours.
    """

    def layout(self) -> tuple[Column, ...]:
        """By the names of the record description; each row begins with the record's number."""
        return (
            fixed(_RECORD, _RECORD),
            Column(
                heading="abrechnung_zeitraum#bwd",
                field="pay_date",
                value=lambda row: self.payroll_month(row.head),
                cell=_DAY,
            ),
            of_line("pnr#bwd", "payroll_id", cell=PERSON),
            self.code_column("la_eigene#bwd"),
            fixed("bs_nr#bwd", str(self.processing_key)),
            self.amount_column("bs_wert_butab#bwd", cell=AMOUNT),
            *([of_line("kostenstelle#bwd", "cost_center", cell=COST_CENTER)] if self.cost_center else []),
        )

    def files(self, lines: Sequence[PayrollLine], head: BatchHeader) -> tuple[File, ...]:
        """One text of three sections."""
        columns = self.layout()
        described = [_RECORD, _TABLE, *(column.heading for column in columns[1:])]
        records = [
            "[Allgemein]",
            "Ziel=LODAS",
            "Version_SST=1.0",
            f"BeraterNr={self.consultant}",
            f"MandantenNr={self.client}",
            "Datumsformat=TT/MM/JJJJ",
            "Feldtrennzeichen=;",
            "Zahlenkomma=,",
            "[Satzbeschreibung]",
            ";".join(described) + ";",
            "[Bewegungsdaten]",
        ]
        # Every field ends with the delimiter, also the last, here as in the description above.
        for row in self.rows(lines, head):
            records.append("".join(f"{column.cell.text(column.value(row))};" for column in columns))
        content = "".join(f"{record}\r\n" for record in records).encode("cp1252")
        return (File(name=self.file_name(head), media_type="text/plain; charset=windows-1252", content=content),)


_DAY = Day(pattern="DD/MM/YYYY")
