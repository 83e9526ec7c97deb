"""Names that are two here and one for who reads them."""

from __future__ import annotations

import pytest

from shared.pay.identities import as_read

ONE = [
    ("52", "000052", " 52 ", "52\N{NO-BREAK SPACE}", "+52", "52.0", "5.2e1", "\N{FULLWIDTH DIGIT FIVE}\N{FULLWIDTH DIGIT TWO}"),
    ("52", "52\N{ZERO WIDTH SPACE}", "\N{ZERO WIDTH NO-BREAK SPACE}52", "5\N{SOFT HYPHEN}2", "\N{ARABIC-INDIC DIGIT FIVE}2"),
    ("1234567890123456", "1234567890123457"),
    ("Ann  Lee", " ann lee", "ANN\tLEE"),
    ("Jos\N{LATIN SMALL LETTER E WITH ACUTE}", "Jose\N{COMBINING ACUTE ACCENT}"),
    ("Stra\N{LATIN SMALL LETTER SHARP S}e", "STRASSE"),
]  # fmt: skip


@pytest.mark.parametrize("names", ONE, ids=str)
def test_what_a_reader_takes_for_one_name_is_one(names: tuple[str, ...]) -> None:
    assert len({as_read(name, "loosely") for name in names}) == 1
    assert len({as_read(name, "exactly") for name in names}) == len(names)


def test_what_a_reader_tells_apart_is_two() -> None:
    names = ["52", "520", "5 2", "E52", "E052", "-52", "52-", "5,2", "Ann Lee", "Annlee"]
    assert len({as_read(name, "loosely") for name in names}) == len(names)
