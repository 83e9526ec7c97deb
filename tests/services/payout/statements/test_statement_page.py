"""The page stands by itself, can be read by everyone, and shows hostile text as text."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from services.payout.statements.build import statement
from services.payout.statements.layout import sheet
from services.payout.statements.page import content_security_policy, page
from tests.services.payout.statements.hostile import ATTACKS, facts
from tests.services.payout.statements.samples import document
from tests.services.payout.statements.test_statement_sums import tables

VOID = {"meta", "link", "rect", "line"}
ALLOWED = set(
    re.findall(
        r"\w+",
        "html head meta title link style body main header h1 h2 h3 p dl div dt dd small section table caption thead tbody "
        "tr th td bdi span svg rect line footer a",
    )
)


class Page(HTMLParser):
    """The elements of a page with their attributes and their text."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(content.decode())
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        element: tuple[str, dict[str, str | None], list[str]] = (tag, dict(attrs), [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, _, text in self._open:
            text.append(data)

    def all(self, *tags: str) -> list[tuple[str, dict[str, str | None], str]]:
        return [(tag, attrs, "".join(text)) for tag, attrs, text in self.elements if tag in tags]


@pytest.fixture(scope="module")
def content() -> bytes:
    return page(sheet(statement(document(), final=True)))


@pytest.fixture(scope="module")
def found(content: bytes) -> Page:
    return Page(content)


def test_the_page_names_its_language_and_itself_and_has_one_main_part(found: Page) -> None:
    assert [attrs.get("lang") for _, attrs, _ in found.all("html")] == ["en"]
    assert [text for _, _, text in found.all("title")] == ["Pay statement 2026-06, Ada Brandt"]
    assert len(found.all("main")) == len(found.all("h1")) == 1


def test_headings_go_down_by_one_level_at_a_time(found: Page) -> None:
    levels = [int(tag[1]) for tag, _, _ in found.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_table_has_a_caption_and_every_header_cell_says_what_it_heads(found: Page) -> None:
    assert len(found.all("table")) == len(found.all("caption")) == len(found.all("thead")) == 10
    assert {attrs.get("scope") for _, attrs, _ in found.all("th")} == {"col", "row"}
    assert len([1 for _, attrs, _ in found.all("th") if attrs["scope"] == "row"]) == len(found.all("tr")) - 10


def test_what_can_be_scrolled_can_be_reached_by_keyboard_and_is_named(found: Page) -> None:
    ids = [attrs["id"] for _, attrs, _ in found.all(*ALLOWED) if "id" in attrs]
    assert len(ids) == len(set(ids))
    regions = [attrs for _, attrs, _ in found.all("div") if attrs.get("role") == "region"]
    assert len(regions) == 10
    assert all(attrs["tabindex"] == "0" and attrs["aria-labelledby"] in ids for attrs in regions)
    assert all(attrs["aria-labelledby"] in ids for _, attrs, _ in found.all("section"))


def test_what_is_drawn_is_also_said(found: Page) -> None:
    assert all(attrs["aria-hidden"] == "true" for _, attrs, _ in found.all("svg"))
    assert len(found.all("svg")) == 1
    assert any("which is 125.749%" in text for _, _, text in found.all("p"))


def test_the_page_asks_for_nothing_from_elsewhere(content: bytes, found: Page) -> None:
    assert {tag for tag, _, _ in found.elements} <= ALLOWED
    addresses = [value for _, attrs, _ in found.elements for name, value in attrs.items() if name in ("src", "href")]
    assert addresses == ["data:,"]
    assert not re.search(rb"url\(|@import|https?:", content)


def test_the_policy_allows_the_style_of_the_page_and_nothing_else(found: Page) -> None:
    [(_, _, style)] = found.all("style")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in content_security_policy()
    assert content_security_policy().startswith("default-src 'none';")
    assert not any("style" in attrs for _, attrs, _ in found.elements)


def luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_text_stands_out_from_what_is_behind_it_by_day_and_by_night(found: Page) -> None:
    [(_, _, style)] = found.all("style")
    themes = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\}", style, re.S)
    ]
    themes = [theme for theme in themes if "paper" in theme and "quiet" in theme]
    assert len(themes) == 2
    for theme in themes:
        for text in ("ink", "quiet", "accent"):
            for behind in ("paper", "band"):
                dark, light = sorted(map(luminance, (theme[text], theme[behind])))
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, behind)


def test_the_page_shows_every_figure_of_the_sheet(found: Page) -> None:
    shown = " ".join(text for _, _, text in found.all("body"))
    for table in tables(sheet(statement(document(), final=True))):
        for row in table.rows:
            for cell in row.cells:
                assert cell.text in shown


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_is_shown_as_it_is_and_adds_nothing_to_the_page(attack: str, found: Page) -> None:
    hostile = Page(page(sheet(statement(document(facts(attack)), final=True))))
    [(_, _, heading)] = hostile.all("h1")
    assert heading == f"Pay statement for {' '.join(attack.split())}"
    assert {tag for tag, _, _ in hostile.elements} == {tag for tag, _, _ in found.elements}
    assert {name for _, attrs, _ in hostile.elements for name in attrs} == {
        name for _, attrs, _ in found.elements for name in attrs
    }


def test_characters_that_turn_the_order_of_others_are_not_shown() -> None:
    content = page(sheet(statement(document(facts("Ada\u202e 000,1\u2066\x07\ue000\n<b>")), final=True))).decode()
    assert "Pay statement for Ada 000,1 &lt;b&gt;" in content
    assert not set("\u202e\u2066\x07\ue000") & set(content)


def test_the_same_statement_is_the_same_bytes(content: bytes) -> None:
    assert page(sheet(statement(document(), final=True))) == content
