"""DATEV Lohn und Gehalt, ASCII import of monthly movements: a line of client and month, then a line per payment.

The program reads columns as the client's import profile says, so a description of the profile is shipped beside the
file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Literal

from services.payout.exports.files import File
from services.payout.payroll.formats.base import Column, FileRow, blank, of_line
from services.payout.payroll.formats.cells import Words
from services.payout.payroll.formats.datev import AMOUNT, COST_CENTER, PERSON, Datev
from services.payout.payroll.line import BatchHeader, PayrollLine

_NOTE: Final = 30


class LohnUndGehalt(Datev):
    """Monthly amounts: person, wage type, value, cost center. A closed month is corrected by differences only."""

    # Wage types are 1 to 5999 and 8000 to 9999.
    code_form: ClassVar[str] = r"[1-9][0-9]{0,2}|[1-4][0-9]{3}|5[0-9]{3}|[89][0-9]{3}"

    format: Literal["datev-lohn-und-gehalt"] = "datev-lohn-und-gehalt"
    """`datev-lohn-und-gehalt`."""
    company_numbers: bool = False
    """Whether people are named by the company's own personnel numbers, which the first line then says."""
    note: bool = False
    """Whether the memo is written as Bemerkung, cut at 30 characters."""

    def layout(self) -> tuple[Column, ...]:
        """In the order of the import profile."""
        return (
            of_line("Personalnummer", "payroll_id", cell=PERSON),
            *map(blank, ("Kalendertag", "Ausfallschluessel")),
            self.code_column("Lohnartennummer"),
            *map(blank, ("Stundenanzahl", "Tagesanzahl")),
            self.amount_column("Wert", cell=AMOUNT),
            *map(blank, ("Abweichender Faktor", "Abweichende Lohnveraenderung")),
            of_line("Kostenstellennummer", "cost_center", cell=COST_CENTER)
            if self.cost_center
            else blank("Kostenstellennummer"),
            blank("Kostentraeger"),
            *([Column(heading="Bemerkung", field="memo", value=_note, cell=_WORDS)] if self.note else []),
        )

    def files(self, lines: Sequence[PayrollLine], head: BatchHeader) -> tuple[File, ...]:
        """The movements, and the description of the profile that reads them."""
        fields = [str(self.consultant), str(self.client), f"{self.payroll_month(head):%m/%Y}"]
        first = ";".join([*fields, *(["x"] if self.company_numbers else [])]) + "\r\n"
        # The first line is the header of this format: a row of headings would be read as a payment.
        text = self.text_file(lines, head, header=False)
        media_type = "text/plain; charset=windows-1252"
        return (
            File(name=text.name, media_type=media_type, content=first.encode("cp1252") + text.content),
            File(name=f"{head.batch}.ini", media_type=media_type, content=self._profile()),
        )

    def _profile(self) -> bytes:
        """The order of the columns and the signs between them, for whoever sets up the import."""
        described = [
            "[Allgemein]",
            "Ziel=LOHN UND GEHALT",
            f"BeraterNr={self.consultant}",
            f"MandantenNr={self.client}",
            "Feldtrennzeichen=;",
            "Zahlenkomma=,",
            "Zeichensatz=Windows-1252",
            "[Bewegungsdaten]",
            *(f"Feld{at}={column.heading}" for at, column in enumerate(self.layout(), 1)),
        ]
        return "".join(f"{setting}\r\n" for setting in described).encode("cp1252")


def _note(row: FileRow) -> str:
    return " ".join((row.line.memo or "").split())[:_NOTE]


_WORDS = Words(longest=_NOTE, encoding="cp1252", forbidden=';"', guarded=False)
