"""`earnest calc` on XLSX: what a spreadsheet holds is what is paid, and what its arithmetic has blurred is refused."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from earnest.files.calculation import calculate
from earnest.files.rejections import FileError
from earnest.files.results import earnings_table
from earnest.files.rows import ROW, read_rows
from earnest.files.sheets import doubt, shortest
from earnest.plans.files import read_plans

PLAN = """
plan: rep
version: 1
name: Representative
currency: USD
effective_from: 2025-01-01
columns: {strategic: yes_no}
credits: [{rule: own}, {rule: strategic, when: stage = 'won' and strategic}]
measures: [{measure: bookings, sum_of: [own]}, {measure: strategic_bookings, sum_of: [strategic]}]
components:
  - component: commission
    kind: graduated
    measure: bookings
    on: attainment
    tiers: [{up_to: 100%, rate: 5%}, {rate: 10%}]
  - {component: spif, kind: flat, measure: strategic_bookings, rate: 1%}
"""


def written(path: Path, *rows: list[Any], formulas: dict[str, tuple[str, Any]] | None = None) -> Path:
    """An XLSX file of these rows; texts stay texts, dates are dates."""
    with xlsxwriter.Workbook(path) as book:
        day, moment = (book.add_format({"num_format": form}) for form in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm"))
        sheet = book.add_worksheet()
        book.add_worksheet("second").write_string(0, 0, "nothing here")
        for number, row in enumerate(rows):
            for place, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, place, value)
                elif isinstance(value, date):
                    sheet.write_datetime(number, place, value, moment if isinstance(value, datetime) else day)
                elif value is not None:
                    sheet.write(number, place, value)
        for place, (formula, value) in (formulas or {}).items():
            sheet.write_formula(place, formula, None, value)
    return path


def cells(path: Path) -> list[tuple[Any, ...]]:
    return read_rows(path, "deals", required=()).frame.drop(ROW).rows()


def test_a_spreadsheet_pays_what_the_same_csv_pays(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    march = date(2025, 3, 3)
    deals = written(
        tmp_path / "deals.xlsx",
        ["deal_id", "owner", "amount", "close_date", "strategic"],
        ["D1", "ann", 80000.1, march, True],
        ["007", "ann", "40000.05", "2025-03-17", "no"],
        [8, "bob", -12, march, False],
    )
    roster = written(tmp_path / "roster.xlsx", ["participant_id", "quota.bookings"], ["ann", 100000], ["bob", 0.5])
    (tmp_path / "deals.csv").write_text(
        "deal_id,owner,amount,close_date,strategic\nD1,ann,80000.10,2025-03-03,yes\n"
        "007,ann,40000.05,2025-03-17,no\n8,bob,-12,2025-03-03,no\n"
    )
    (tmp_path / "roster.csv").write_text("participant_id,quota.bookings\nann,100000\nbob,0.5\n")
    plans = read_plans([tmp_path / "plan.yaml"])
    sheets = calculate(deals, roster, plans=plans, step=lambda _: None)
    texts = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    assert earnings_table(sheets.earnings).equals(earnings_table(texts.earnings))
    assert ("ann", "commission", "2025-03", "7000.02", "USD") in earnings_table(sheets.earnings).rows()
    assert sheets.rejected.is_empty()


def test_texts_stay_texts_numbers_are_exact_and_dates_are_dates(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.xlsx",
        ["text", "number", "day", "yes"],
        ["007", 0.1, date(2025, 3, 31), True],
        [" 9007199254740994 ", 123456789.123456, "2025-04-01", False],
        ["1.10", -5, datetime.fromisoformat("2025-03-31T12:30"), None],
    )
    assert cells(path) == [
        ("007", "0.1", "2025-03-31", "true"),
        ("9007199254740994", "123456789.123456", "2025-04-01", "false"),
        ("1.10", "-5", "2025-03-31 12:30:00", None),
    ]


def test_formulas_count_as_their_values_and_blank_rows_not_at_all(tmp_path: Path) -> None:
    formulas = {"A2": ("=1+1", 2), "B2": ('="D"&1', "D1"), "A5": ("=2*2.5", 5)}
    path = written(tmp_path / "a.xlsx", ["one", "two"], formulas=formulas)
    read = read_rows(path, "deals", required=())
    assert read.frame.rows() == [(2, "2", "D1"), (5, "5", None)]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (0.1234567, "amount: 0.1234567 has more than 6 decimals: round it, or store it as text"),
        (1 / 3, "amount: 0.3333333333333333 has more than 6 decimals: round it, or store it as text"),
        (
            9007199254740994,
            "amount: 9007199254740994 has more than the 15 digits that a spreadsheet keeps exactly: store it as text",
        ),
    ],
)
def test_a_number_that_binary_arithmetic_has_blurred_refuses_its_row(tmp_path: Path, value: float, why: str) -> None:
    path = written(tmp_path / "a.xlsx", ["deal_id", "amount"], ["D1", 5], ["D2", value], ["D3", 6])
    read = read_rows(path, "deals", required=())
    assert read.frame["deal_id"].to_list() == ["D1", "D3"]
    assert read.rejected.rows() == [("deals", 3, "D2", "bad_value", why)]
    assert read_rows(path, "deals", required=(), used=lambda name: name == "deal_id").frame.height == 3


def test_a_cell_with_an_error_refuses_its_row_and_is_no_blank(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.xlsx", ["deal_id", "amount"], ["D1", None], ["D2", None], formulas={"B3": ("=1/0", "#DIV/0!")}
    )
    read = read_rows(path, "deals", required=())
    assert read.frame["deal_id"].to_list() == ["D1"]
    assert read.rejected.rows() == [("deals", 3, "D2", "bad_value", "amount: the cell holds the error #DIV/0!")]


def test_what_is_no_workbook_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_text("deal_id,amount\n")
    with pytest.raises(FileError, match="this is no XLSX workbook that can be read"):
        read_rows(tmp_path / "a.xlsx", "deals", required=())
    with pytest.raises(FileError, match="No such file"):
        read_rows(tmp_path / "b.xlsx", "deals", required=())
    with pytest.raises(FileError, match="the first row must name the columns"):
        read_rows(written(tmp_path / "c.xlsx"), "deals", required=())


def test_the_shortest_decimal_has_no_exponent() -> None:
    assert [shortest(each) for each in (5.0, 1e15, 1.5e-7, -0.1)] == ["5", "1000000000000000", "0.00000015", "-0.1"]
    assert doubt("1000000000000000") is None


@pytest.mark.parametrize("last", ["XFD1048576", "A99999999999", "ZZZZZZZ1"])
def test_a_sheet_that_reaches_absurdly_far_is_refused_before_room_is_made_for_it(tmp_path: Path, last: str) -> None:
    path = written(tmp_path / "roster.xlsx", ["participant_id", "plan"], ["ann", "rep"])
    far = tmp_path / "far.xlsx"
    with zipfile.ZipFile(path) as there, zipfile.ZipFile(far, "w") as made:
        for part in there.infolist():
            content = there.read(part)
            made.writestr(part, content.replace(b'r="B2"', f'r="{last}"'.encode()))
    with pytest.raises(FileError, match="it reaches to row"):
        read_rows(far, "roster", required=["participant_id"])
