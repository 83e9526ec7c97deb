"""In which form a statement is asked for."""

from __future__ import annotations

import pytest

from services.payout.statements.media import accepted, named


@pytest.mark.parametrize(
    ("path", "who", "form"),
    [
        ("ada.brandt", "ada.brandt", None),
        ("ada.brandt.pdf", "ada.brandt", "pdf"),
        ("eu/ada.html", "eu/ada", "html"),
        ("ada.json", "ada", "json"),
        (".pdf", ".pdf", None),
    ],
)
def test_the_end_of_an_address_says_the_form(path: str, who: str, form: str | None) -> None:
    assert named(path) == (who, form)


@pytest.mark.parametrize(
    ("header", "form"),
    [
        (None, "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("application/pdf", "pdf"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
        ("text/html;q=0.5, application/pdf;q=0.9", "pdf"),
        ("application/*;q=0.2, text/html", "html"),
        ("*/*, application/pdf", "pdf"),
        ("image/png", None),
        ("application/pdf;q=0", None),
        ("application/pdf;q=often", None),
        ("", "json"),
    ],
)
def test_an_accept_header_says_it_otherwise(header: str | None, form: str | None) -> None:
    assert accepted(header) == form
