"""Runbooks: each alert has a page, each page an alert, and a page can be read aloud to somebody who was woken by it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.services.alerts.operations.prometheus_files import REPOSITORY, alerts

PAGES = sorted((REPOSITORY / "docs" / "runbooks").glob("*.md"))
MOST_WORDS = 300
"""Two minutes, read aloud."""


def test_each_alert_has_its_page_and_each_page_its_alert() -> None:
    assert {path.stem for path in PAGES} == {rule["alert"] for rule in alerts()}
    assert {rule["annotations"]["runbook"] for rule in alerts()} == {f"docs/runbooks/{path.name}" for path in PAGES}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_says_what_happened_where_to_look_what_to_do_and_when_it_is_over(path: Path) -> None:
    text = path.read_text()
    visible = re.sub(r"<!--.*?-->\n", "", text)
    assert visible.startswith(f"# {path.stem}\n")
    parts = [visible.index(part) for part in ("\n## Look\n", "\n## Do\n", "\n**Over when** ")]
    assert parts == sorted(parts)
    assert len(visible.split()) <= MOST_WORDS
    for link in re.findall(r"\]\(([^)#]+)", visible):
        assert (REPOSITORY / "docs" / "runbooks" / link).exists(), link
