"""Tables whose few bytes stand for any number of rows, columns and texts are refused before anybody makes room for
them.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earnest.files.rejections import FileError
from earnest.files.rows import read_rows

NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>deal_id</t></is></c></row>'
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{NAMESPACE}/main" xmlns:r="{OFFICE}"><sheets>'
    '<sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def workbook(path: Path, rows: str) -> Path:
    """A workbook with a sheet of these rows."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in PARTS.items():
            archive.writestr(name, text)
        sheet = (
            f'<worksheet xmlns="{NAMESPACE}/main" xmlns:x="{NAMESPACE}/main"><sheetData>{rows}</sheetData></worksheet>'
        )
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return path


def test_a_sound_sheet_of_this_kind_is_read(tmp_path: Path) -> None:
    rows = HEADER + '<row r="2"><c t="inlineStr"><is><t>d1</t></is></c></row>'
    assert read_rows(workbook(tmp_path / "deals.xlsx", rows), "deals.xlsx", required=["deal_id"]).frame[
        "deal_id"
    ].to_list() == ["d1"]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', "reaches to row 1,048,576 and column 16,384"),
        ("<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>", "reaches to row 1,048,576 and column 16,384"),
        ('<row r="1048576"><c\n t="n"\n r = "XFD1048576"><v>1</v></c></row>', "reaches to row 1,048,576"),
        ('<row r="1048576"><c x="&gt;>" r="xfd1048576"><v>1</v></c></row>', "reaches to row 1,048,576"),
        ('<x:row r="1048576"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>', "reaches to row 1,048,576"),
        ('<row r="4294967295"><c><v>1</v></c></row>', "reaches to row 4,294,967,295"),
        ('<row r="1048576">' + "<c><v>1</v></c>" * 100 + "</row>", "reaches to row 1,048,576 and column 100"),
        (" " * 30_000_000, "unpack to 30,00"),
    ],
)
def test_a_sheet_that_reaches_too_far_is_refused(rows: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=why):
        read_rows(workbook(tmp_path / "deals.xlsx", HEADER + rows), "deals.xlsx", required=["deal_id"])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + bytes(100), b"deal_id\n1\n"])
def test_what_is_no_workbook_is_refused_as_such(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "deals.xlsx").write_bytes(content)
    with pytest.raises(FileError, match="no XLSX workbook"):
        read_rows(tmp_path / "deals.xlsx", "deals.xlsx", required=["deal_id"])


def again_and_again(text: str, rows: int) -> pa.Array:
    """A column that is one text, said once."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype="int32")), pa.array([text]))


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"deal_id": again_and_again("d", 31_000_000)}, "31,000,000 rows of 1 columns"),
        ({"deal_id": again_and_again("d" * 1_000_000, 600)}, "its texts have 600,000,000 bytes"),
        ({"deal_id": pa.array(["d" * 1_000_000] * 600)}, "its texts have 600,000,000 bytes"),
        ({"deal_id": pa.array([["d"]])}, "holds List"),
        ({"deal_id": pa.array([b"\xff"])}, "no Parquet file that can be read"),
    ],
    ids=["rows", "texts", "plain", "nested", "bytes"],
)
def test_a_parquet_file_that_stands_for_too_much_is_refused(
    columns: dict[str, pa.Array], why: str, tmp_path: Path
) -> None:
    pq.write_table(pa.table(columns), tmp_path / "deals.parquet", compression="zstd")
    with pytest.raises(FileError, match=why):
        read_rows(tmp_path / "deals.parquet", "deals.parquet", required=["deal_id"])


def test_a_parquet_file_is_the_file_of_that_name_and_no_pattern(tmp_path: Path) -> None:
    pl.DataFrame({"deal_id": ["d1"]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(FileError):
        read_rows(tmp_path / "*.parquet", "deals.parquet", required=["deal_id"])


def test_a_file_of_more_columns_than_a_spreadsheet_has_is_refused(tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text(",".join(f"c{number}" for number in range(17_000)))
    with pytest.raises(FileError, match="17,000 columns; 16,384 at most"):
        read_rows(tmp_path / "deals.csv", "deals.csv", required=["deal_id"])
