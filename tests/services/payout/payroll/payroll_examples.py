"""The examples of docs/payroll-files.md: the same two people and a clawback in every format, as text."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from services.payout.payroll.batch import Batch, write
from services.payout.payroll.line import PayrollLine
from tests.services.payout.payroll.payroll_worlds import HEAD, IDS, line, target
from tests.services.payout.payroll.readers import sheets

OTHER_IDS = {"gusto": "z9Y8x7", "frappe": "HR-EMP-00052", "generic": "E-52"}


def batch(name: str) -> Batch:
    """The example batch of a format."""
    made = target(name)
    lines: list[PayrollLine] = [
        line(name, id="line-1", amount=123456),
        line(name, id="line-2", pay_code="bonus", amount=50000),
        line(
            name,
            id="line-3",
            participant_id="bo.lind",
            payroll_id=OTHER_IDS.get(name, "52".zfill(len(IDS[name]) if IDS[name].startswith("0") else 1)),
            first_name="Bo",
            last_name="Lind",
            cost_center="4712",
            amount=98700,
        ),
    ]
    clawback = line(
        name, id="line-4", participant_id="bo.lind", payroll_id=lines[2].payroll_id, pay_code="clawback", amount=-2500
    )
    if made.allows_negative(clawback):
        lines.append(clawback)
    return write(made, lines, head=HEAD)


def blocks(name: str) -> list[str]:
    """The example as Markdown shows it: each file in a block, a spreadsheet as what its cells hold."""
    return [
        f"`{file.name}`\n\n```text\n{_table(file.content) if file.name.endswith('xlsx') else _text(file.content)}```\n"
        for file in batch(name).files
    ]


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    return text.replace("\r\n", "\n")


def _table(content: bytes) -> str:
    rows = list(sheets.table(content))
    text = io.StringIO()
    writer = csv.writer(text, delimiter="|", lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([each.date() if isinstance(each, datetime) else each for each in row.values()])
    return text.getvalue()
