"""A workbook of a few kilobytes cannot stand for gigabytes: absurd dimensions, merges and texts are refused in words."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from earnest.files.rejections import FileError
from earnest.files.rows import read_rows
from shared.bounded import BoundedProcess

SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
END: Final = b"</sheetData>"


def workbook(rows: int) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["deal_id", "amount"])
        for row in range(1, rows + 1):
            sheet.write_row(row, 0, [f"d{row}", row])
    return content.getvalue()


def changed(name: str, old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def with_it(book: bytes) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(book)) as parts, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as out:
            for part in parts.infolist():
                text = parts.read(part)
                out.writestr(part, text.replace(old, new, 1) if part.filename == name else text)
        return content.getvalue()

    return with_it


def cell(place: str, inside: bytes = b"><v>1</v>") -> bytes:
    row = "".join(filter(str.isdigit, place)).encode()
    return b'<row r="%s"><c r="%s"%s</c></row>' % (row, place.encode(), inside)


def read(folder: str, book: bytes) -> int | str:
    path = Path(folder) / "deals.xlsx"
    path.write_bytes(book)
    try:
        return read_rows(path, "deals", required=()).frame.height
    except FileError as error:
        return str(error)


@pytest.fixture(scope="module")
def apart() -> Iterator[BoundedProcess]:
    found = BoundedProcess(seconds=10, wall_seconds=600)
    yield found
    found.close()


LONG: Final = b"<si><t>" + b"x" * 32_000 + b"</t></si></sst>"
OFTEN: Final = b"".join(cell(f"A{row}", b' t="s"><v>12</v>') for row in range(20, 50_000))
MERGES: Final = b"<mergeCells>%s</mergeCells>" % (b'<mergeCell ref="A1:A1048576"/>' * 1000)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ([changed(SHEET, END, cell("AB1000000") + END)], "reaches to row 1,000,000 and column 28, and has 23 cells"),
        ([changed(SHEET, END, cell("XFD1800") + END)], "delete the empty rows and columns"),
        ([changed(SHEET, END, END + MERGES)], "merges cells that are merged already"),
        (
            [changed(TEXTS, b"</sst>", LONG), changed(SHEET, END, OFTEN + END)],
            "its texts have 1,600,[0-9,]+ bytes; 500,000,000 at most are read",
        ),
    ],
)
def test_what_is_absurd_is_refused_before_room_is_made_for_it(
    changes: list[Callable[[bytes], bytes]], why: str, apart: BoundedProcess, tmp_path: Path
) -> None:
    book = workbook(10)
    for change in changes:
        book = change(book)
    said = apart.run(read, str(tmp_path), book)
    assert re.search(why, str(said)), said


def test_a_merge_that_ends_beyond_the_sheet_refuses_the_rows_that_there_are(
    apart: BoundedProcess, tmp_path: Path
) -> None:
    beyond = changed(SHEET, END, END + b'<mergeCells><mergeCell ref="A3:A999999999"/></mergeCells>')(workbook(10))
    assert apart.run(read, str(tmp_path), beyond) == 1


def test_a_large_workbook_and_a_sparse_one_are_read(apart: BoundedProcess, tmp_path: Path) -> None:
    assert apart.run(read, str(tmp_path), workbook(20_000)) == 20_000
    sparse = changed(SHEET, END, cell("B200000") + END)(workbook(10))
    assert apart.run(read, str(tmp_path), sparse) == 11
