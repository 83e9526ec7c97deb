"""LibreOffice opens the files that people may open and shows the same rows and totals, without calculating anything."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from services.payout.payroll.batch import write
from tests.peers import Sheets
from tests.services.payout.payroll.payroll_worlds import HEAD, line, target

HOSTILE = ["=1+1", "+1+1", "-1-1", "@SUM(A1:A9)", "＝1+1", "\t=1+1", 'a "quote", and a comma', "Müller\nSöhne"]


def test_libreoffice_shows_the_totals_of_every_spreadsheet_and_calculates_no_name(
    opened_by_libreoffice: Callable[..., dict[Path, Sheets]], tmp_path: Path
) -> None:
    names = [("generic", "xlsx"), ("generic", "csv"), ("workday-eib", "xlsx")]
    paths: dict[Path, tuple[str, Decimal]] = {}
    for at, (name, kind) in enumerate(names):
        lines = [
            line(name, id=f"line-{each}", payroll_id=f"E-{each:03}", last_name=text, memo=text, amount=10**each + each)
            for each, text in enumerate(HOSTILE, 1)
        ]
        batch = write(target(name, file=kind), lines, head=HEAD)
        path = tmp_path / f"{at}.{kind}"
        path.write_bytes(batch.files[0].content)
        paths[path] = (name, Decimal(batch.control_totals["USD"]))
    for path, sheets in opened_by_libreoffice(list(paths)).items():
        name, total = paths[path]
        (rows,) = sheets.values()
        head = rows[0]
        amounts = [Decimal(row[head.index("Amount")]) for row in rows[1:]]
        assert sum(amounts) == total
        assert len(amounts) == len(HOSTILE)
        if name == "generic":
            shown = [row[head.index("Name")] for row in rows[1:]]
            assert [each.lstrip("'") for each in shown] == HOSTILE
