"""`earnest payroll` and `earnest reconcile` against the API: fetched, acknowledged in part, resolved, compared with
what was paid.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from click.testing import Result
from typer.testing import CliRunner

from earnest.cli import app
from earnest.local.processes import LocalError
from tests.services.payout.payroll.payroll_desk import PayrollDesk

Earnest = Callable[..., Result]


@pytest.fixture
def earnest(payroll_desk: PayrollDesk, monkeypatch: pytest.MonkeyPatch) -> Earnest:
    """The command line, speaking to the API in this process."""

    def send(
        _: Any,
        __: str,
        method: str,
        *,
        path: str,
        who: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        headers = {"authorization": f"Bearer key-{who}", **(headers or {})}
        answer = payroll_desk.client.request(method, path, json=body, headers=headers)
        if answer.is_error:
            raise LocalError(str(answer.json()["detail"]))
        return answer

    monkeypatch.setattr("earnest.client.Client.__init__", lambda *_: None)
    monkeypatch.setattr("earnest.client.Client._answer", send)
    monkeypatch.setattr("earnest.local.home.Home.settings", lambda _: None)
    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"})


def test_a_batch_is_fetched_acknowledged_in_part_and_its_returned_line_resolved(
    payroll_desk: PayrollDesk, earnest: Earnest, tmp_path: Path
) -> None:
    (batch,) = payroll_desk.release()
    name = batch.head.batch
    assert name in earnest("payroll", "list").output
    assert earnest("payroll", "fetch", name, "--out", tmp_path).exit_code == 0
    file = tmp_path / batch.files[0].name
    assert file.read_bytes() == batch.files[0].content
    said = earnest("payroll", "ack", name, file, "--reject", "1:inactive:left: in May")
    assert "acknowledged: partial" in said.output
    assert earnest("payroll", "ack", name, file, "--reject", "1:inactive:left: in May").exit_code == 0
    waiting = earnest("payroll", "returned").output
    assert "inactive: left: in May" in waiting
    assert earnest("payroll", "resolve", name, "a", "--reason", "rehired").exit_code == 0
    assert "inactive" not in earnest("payroll", "returned").output
    assert '"state": "partial"' in earnest("payroll", "show", name).output


def test_an_acknowledgement_of_a_changed_file_is_refused(
    payroll_desk: PayrollDesk, earnest: Earnest, tmp_path: Path
) -> None:
    (batch,) = payroll_desk.release()
    earnest("payroll", "fetch", batch.head.batch, "--out", tmp_path)
    file = tmp_path / batch.files[0].name
    file.write_bytes(file.read_bytes().replace(b"1234.56", b"9234.56"))
    refused = earnest("payroll", "ack", batch.head.batch, file)
    assert isinstance(refused.exception, LocalError)
    assert "sha256 differ" in str(refused.exception)


def test_what_payroll_paid_is_compared_from_a_german_csv_and_from_a_spreadsheet(
    payroll_desk: PayrollDesk, earnest: Earnest, tmp_path: Path
) -> None:
    (batch,) = payroll_desk.release()
    name = batch.head.batch
    german = tmp_path / "gezahlt.csv"
    german.write_text("Nr;Betrag;Name\nada;1.234,56;Müller\nbo;961,00;\n;;\n", encoding="cp1252")
    options = ("--person", "Nr", "--amount", "Betrag", "--currency", "USD", "--delimiter", ";", "--decimal", ",")
    found = earnest("reconcile", "--batch", name, "--paid", german, *options)
    assert found.exit_code == 1
    assert "1 line agrees" in found.output
    assert [each for each in ("underpaid", "962.00", "961.00") if each not in found.output] == []

    book = tmp_path / "paid.xlsx"
    with xlsxwriter.Workbook(book) as made:
        sheet = made.add_worksheet()
        rows = [("id", "what", "paid", "cur"), ("ada", "COMMISSION", 1234.56, "USD"), ("bo", "COMMISSION", 987, "USD")]
        for at, row in enumerate([*rows, ("bo", "CLAWBACK", -25, "USD")]):
            sheet.write_row(at, 0, row)
    columns = ("--person", "id", "--amount", "paid", "--currency", "cur", "--code", "what")
    agreed = earnest("reconcile", "--batch", name, "--paid", book, *columns)
    assert (agreed.exit_code, "3 lines agree" in agreed.output) == (0, True), agreed.output


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("person,sum\nada,1\n", "has no column 'amount'"),
        ("person,amount,currency\nada,1.2.3,USD\n", "row 2: no amount that can be read"),
        ("person,amount,currency\n,5,USD\n", "row 2: nobody is named"),
        ("person,amount,currency\nada,1e3,USD\n", "row 2: no amount"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_not_compared(
    payroll_desk: PayrollDesk, earnest: Earnest, tmp_path: Path, text: str, why: str
) -> None:
    paid = tmp_path / "paid.csv"
    paid.write_text(text)
    refused = earnest("reconcile", "--batch", "run-2026-06-1", "--paid", paid)
    assert isinstance(refused.exception, LocalError)
    assert why in str(refused.exception)
