"""The PDF is tagged, stands by itself, says what the statement says, and is the same bytes wherever it is made."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from services.payout.statements.build import statement
from services.payout.statements.layout import sheet
from services.payout.statements.pdf import pdf
from tests.services.payout.statements.hostile import ATTACKS, facts
from tests.services.payout.statements.samples import document, full, long
from tests.services.payout.statements.test_statement_sums import tables

REPOSITORY = Path(__file__).resolve().parents[4]
AGAIN = """
import hashlib
from services.payout.statements.build import statement
from services.payout.statements.layout import sheet
from services.payout.statements.pdf import pdf
from tests.services.payout.statements.samples import document
print(hashlib.sha256(pdf(sheet(statement(document(), final=True)))).hexdigest())
"""


def printed(made: dict[str, Any] | None = None) -> bytes:
    return pdf(sheet(statement(document(made), final=True)))


def read(content: bytes) -> str:
    """The text without the spaces that a layout adds."""
    return "".join("".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).split())


@pytest.fixture(scope="module")
def content() -> bytes:
    return printed()


@pytest.fixture(scope="module")
def reader(content: bytes) -> PdfReader:
    return PdfReader(BytesIO(content))


def tags(node: Any) -> list[str]:
    """The kinds of the structure, in reading order."""
    node = node.get_object()
    if isinstance(node, list):
        return [tag for each in node for tag in tags(each)]
    if not isinstance(node, dict):
        return []
    own = [str(node["/S"])] if "/S" in node else []
    return own + (tags(node["/K"]) if "/K" in node else [])


def test_it_says_that_it_is_accessible_and_has_title_and_language(reader: PdfReader, content: bytes) -> None:
    assert reader.metadata is not None
    assert reader.metadata.title == "Pay statement 2026-06, Ada Brandt"
    assert str(reader.trailer["/Root"]["/Lang"]) == "en"
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in reader.trailer["/Root"]["/Metadata"].get_data()


def test_its_structure_has_headings_tables_with_captions_and_header_cells(reader: PdfReader) -> None:
    found = tags(reader.trailer["/Root"]["/StructTreeRoot"]["/K"])
    shown = tables(sheet(statement(document(), final=True)))
    assert found.count("/Table") == found.count("/Caption") == len(shown)
    assert found.count("/H1") == 1
    assert found.count("/H2") == len(sheet(statement(document(), final=True)).sections)
    assert found.count("/TH") == sum(len(table.columns) for table in shown)


def test_every_text_of_the_statement_is_in_it(content: bytes) -> None:
    text = read(content)
    shown = sheet(statement(document(), final=True))
    for table in tables(shown):
        for row in table.rows:
            for cell in row.cells:
                for said in (cell.text, *cell.more):
                    assert "".join(said.split()) in text, said
    for figure in shown.figures:
        assert "".join(figure.value.split()) in text
    assert "SHA-256" in text


def test_every_font_comes_along(reader: PdfReader) -> None:
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            for below in font.get_object()["/DescendantFonts"]:
                descriptor = below.get_object()["/FontDescriptor"].get_object()
                assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def test_it_is_the_same_bytes_in_other_threads_and_processes(content: bytes) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert {hashlib.sha256(each).hexdigest() for each in pool.map(lambda _: printed(), range(8))} == {
            hashlib.sha256(content).hexdigest()
        }
    run = subprocess.run([sys.executable, "-c", AGAIN], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_is_shown_as_it_is(attack: str) -> None:
    assert f"Paystatementfor{''.join(attack.split())}" in read(printed(facts(attack)))


@pytest.mark.parametrize(
    "name", ["漢字 太郎", "Ünsal Çağrı", "Ирина", "عربي", "🎉 Party", "क्षितिज", "x" * 500, "a\u0301\u200d\ufffe"]
)
def test_a_name_in_any_script_can_be_printed(name: str) -> None:
    made = full()
    made["participant"] |= {"name": name, "id": "p" + "0123456789" * 12}
    made["accounts"] = dict.fromkeys(made["accounts"], name)
    assert printed(made).startswith(b"%PDF-1.7")


def test_long_tables_go_on_over_pages_with_their_header() -> None:
    reader = PdfReader(BytesIO(printed(long(100))))
    texts = [page.extract_text() for page in reader.pages]
    headed = [number for number, text in enumerate(texts) if re.search(r"Deal\s+Closed\s+Credited to you", text)]
    assert len(headed) > 4
    assert headed == list(range(headed[0], headed[-1] + 1))
    assert all(f"Page {number} of {len(texts)}" in text for number, text in enumerate(texts, 1))
