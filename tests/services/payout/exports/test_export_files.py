"""Rows as bytes: read back with other means, and the same whenever they are written."""

from __future__ import annotations

import io
from datetime import date, datetime, time
from decimal import Decimal

import openpyxl
import pytest

from services.payout.exports.chain import PreviousBatch, links
from services.payout.exports.files import (
    DatePattern,
    Dialect,
    File,
    Sheet,
    date_text,
    grouped_amount,
    plain_amount,
    workbook,
)

MADE = date(2000, 1, 1)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("YYYY-MM-DD", "2026-06-03"),
        ("YYYYMMDD", "20260603"),
        ("MM/DD/YYYY", "06/03/2026"),
        ("DD/MM/YYYY", "03/06/2026"),
        ("DD.MM.YYYY", "03.06.2026"),
        ("YYYY/MM/DD", "2026/06/03"),
        ("DD-MM-YYYY", "03-06-2026"),
    ],
)
def test_a_date_is_written_in_every_pattern(pattern: DatePattern, text: str) -> None:
    assert date_text(date(2026, 6, 3), pattern) == text


def test_text_of_a_spreadsheet_stays_text_and_amounts_keep_the_digits_of_their_currency() -> None:
    rows = [["=1+1", "007", Decimal("1234.50"), date(2026, 6, 3), None], ["", "x", Decimal("700"), None, None]]
    content = workbook([Sheet(name="Pay", rows=rows, amounts=plain_amount)], created=MADE)
    day = datetime.combine(date(2026, 6, 3), time())
    page = openpyxl.load_workbook(io.BytesIO(content))["Pay"]
    assert [cell.data_type for cell in page[1]][:3] == ["s", "s", "n"]
    assert [cell.value for cell in page[1]][:4] == ["=1+1", "007", 1234.5, day]
    assert [page["C1"].number_format, page["C2"].number_format] == ["0.00", "0"]
    assert workbook([Sheet(name="Pay", rows=rows, amounts=plain_amount)], created=MADE) == content


def test_numbers_for_people_have_separators() -> None:
    content = workbook([Sheet(name="Lines", rows=[[Decimal("1234.500")]], amounts=grouped_amount)], created=MADE)
    assert openpyxl.load_workbook(io.BytesIO(content))["Lines"]["A1"].number_format == "#,##0.000"


def test_delimited_text_is_quoted_where_it_must_be() -> None:
    assert Dialect(encoding="utf-8").encode([("a,b", 'c"d', "ü")]) == '"a,b","c""d",ü\r\n'.encode()
    assert Dialect(delimiter=";", newline="\n", encoding="cp1252", quoting="all").encode([("ü",)]) == b'"\xfc"\n'
    assert Dialect(encoding="cp1252").media_type(header=False) == "text/csv; charset=windows-1252; header=absent"


def test_a_file_is_known_by_the_hash_of_its_bytes_and_a_batch_by_the_one_before() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert File(name="a", media_type="text/plain", content=b"").sha256 == empty
    assert links(None) == {"previous_batch_id": None, "previous_batch_sha256": None}
    assert links(PreviousBatch(id="b-1", sha256=empty)) == {"previous_batch_id": "b-1", "previous_batch_sha256": empty}
