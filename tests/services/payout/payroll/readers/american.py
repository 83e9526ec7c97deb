"""Readers of the American layouts, written from their descriptions: ADP, Gusto, Paychex, Paylocity, and Frappe's Data
Import.
"""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

from tests.services.payout.payroll.readers.paid import Paid

SPI = (
    "Client ID,Worker ID,Org,Job Number,Pay Component,Rate,Rate Number,Hours,Units,Line Date,Amount,Check Seq Number,"
    "Override State,Override Local,Override Local Jurisdiction,Labor Override,Check Template,Output Type,Net Pay,"
    "Check Number,FIT Amt,SS Amt,Medicare Amt,Fed Backup Withholding Amt,State Tax Jurisdiction,SIT Amount,SDI Amt,"
    "Fam Leave,Med Leave,SUI Amt,State Misc Amt,State Surcharge Amt,State WC Amt,State Backup Withholding Amt,"
    "State Allocation %,Local Tax Jurisdiction,Local Tax Name,Local Amt,Local Allocation %"
)


def money(text: str) -> Decimal:
    """An amount with two decimals and nothing else."""
    assert re.fullmatch(r"-?\d+\.\d{2}", text), text
    return Decimal(text)


def rows(content: bytes, encoding: str = "ascii") -> list[list[str]]:
    """The rows of a CSV, all of one width."""
    table = list(csv.reader(io.StringIO(content.decode(encoding), newline=""), strict=True))
    assert {len(row) for row in table} == {len(table[0])}
    return table


def adp(content: bytes) -> list[Paid]:
    head, *body = rows(content)
    assert head[:3] == ["Co Code", "Batch ID", "File #"]
    slots = [at for at, name in enumerate(head) if re.fullmatch(r"Earnings [345] Code", name)]
    found = []
    for row in body:
        assert re.fullmatch(r"[A-Z0-9_]{3}", row[0])
        assert 2 <= len(row[1]) <= 25
        assert re.fullmatch(r"\d{1,6}", row[2])
        for at in slots:
            assert head[at + 1] == head[at].replace("Code", "Amount")
            assert row[at] not in {"40", "50", "60", "61"}
            found.append(Paid(row[2], row[at], money(row[at + 1])))
    return found


def gusto(content: bytes) -> list[Paid]:
    head, *body = rows(content, "utf-8")
    found = []
    for row in body:
        cells = dict(zip(head, row, strict=True))
        assert cells["last_name"]
        assert cells["first_name"]
        assert re.fullmatch(r"[A-Za-z0-9]{6}", cells["gusto_employee_id"])
        for title in set(cells) - {"last_name", "first_name", "gusto_employee_id", "title"}:
            if cells[title]:
                assert money(cells[title]) > 0
                found.append(Paid(cells["gusto_employee_id"], title, money(cells[title])))
    return found


def paychex(content: bytes) -> list[Paid]:
    head, *body = rows(content)
    assert head == SPI.split(",")
    for row in body:
        assert 1 <= len(row[0]) <= 8
        assert 1 <= len(row[1]) <= 10
        assert len(row[2]) <= 60
        assert 1 <= len(row[4]) <= 20
        assert not any(row[at] for at in range(len(row)) if at not in {0, 1, 2, 4, 9, 10})
    return [Paid(row[1], row[4], money(row[10])) for row in body]


def paylocity(content: bytes) -> list[Paid]:
    head, *body = rows(content)
    assert head[:5] == ["EmployeeId", "Det", "DetCode", "Hours", "Amount"]
    assert head[7:10] == ["CostCenter1", "CostCenter2", "CostCenter3"]
    for row in body:
        assert row[1] in {"E", "D"}
        assert row[3] == ""
        assert money(row[4]) > 0
    return [Paid(row[0], row[2], money(row[4]) * (1 if row[1] == "E" else -1)) for row in body]


def frappe(content: bytes, deducting: frozenset[str] = frozenset({"Clawback"})) -> list[Paid]:
    """Which salary components deduct is known to Frappe only."""
    head, *body = rows(content, "utf-8")
    found = []
    for row in body:
        cells = dict(zip(head, row, strict=True))
        assert cells["Overwrite Salary Structure Amount"] == "0"
        assert all(cells[each] for each in ("Series", "Company"))
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", cells["Payroll Date"])
        amount = Decimal(cells["Amount"])
        assert amount > 0
        component = cells["Salary Component"]
        found.append(
            Paid(cells["Employee"], component, -amount if component in deducting else amount, cells["Currency"])
        )
    return found
