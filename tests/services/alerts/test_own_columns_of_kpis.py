"""KPIs read the company's own columns as crediting does, and take what is missing for unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.alerts.kpis import Catalogue, load
from services.alerts.of_facts import KnownFacts, counted
from shared.facts import Facts, merge

FILE = """
columns: {seats: number, renewal: yes_no, margin: decimal, signed: date, segment: text}
kpis:
  - {name: seats_sold, title: Seats, unit: number, of: deals, numerator: seats,
     observed: deals, bad: below, meaning: Seats., action: Ask., segments: [segment]}
  - {name: renewals, title: Renewals, unit: ratio, of: deals, numerator: renewal,
     observed: deals, bad: below, meaning: Renewals., action: Ask.}
  - {name: not_renewed, title: New, unit: ratio, of: deals, numerator: not renewal or seats < 3,
     observed: deals, bad: below, meaning: New., action: Ask.}
  - {name: margin, title: Margin, unit: ratio, of: deals, date: signed, numerator: margin,
     observed: deals, bad: below, meaning: Margin., action: Ask.}
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """The KPIs that come with Earnest, and some over own columns."""
    (tmp_path / "own.yaml").write_text(FILE)
    loaded = load(tmp_path)
    assert loaded.remarks == ()
    return loaded


def sums(catalogue: Catalogue, **custom: Any) -> dict[str, int]:
    """What one deal adds to the sums over own columns, of the whole company."""
    facts: Facts = {}
    fields = {f"custom.{name}": value for name, value in custom.items()}
    merge(
        facts,
        {"stage": "won", "close_date": "2025-03-14", **fields},
        occurred_at="2025-03-14T10:00:00.000000Z",
        sequence=0,
        source="crm",
    )
    known = KnownFacts(deals={"d1": facts}, roster={}, earnings=[])
    added: dict[str, int] = {}
    for cell, of_cell in counted(known, catalogue).items():
        if not cell.dimension:
            added |= {key: value for key, value in of_cell.items() if key.endswith(".numerator")}
    return {key.split(".")[0]: value for key, value in added.items() if key.split(".")[0] in OWN}


OWN = ("seats_sold", "renewals", "not_renewed", "margin")


@pytest.mark.parametrize(
    "custom",
    [
        {"seats": 5, "renewal": True, "margin": "0.25", "signed": "2025-03-10"},
        {"seats": "5", "renewal": "yes", "margin": "25%", "signed": "2025-03-10"},
        {"seats": " 5 ", "renewal": "TRUE", "margin": "0.250", "signed": " 2025-03-10"},
    ],
)
def test_texts_count_as_what_they_say(catalogue: Catalogue, custom: dict[str, Any]) -> None:
    assert sums(catalogue, **custom) == {"seats_sold": 5, "renewals": 1, "margin": 250_000}


@pytest.mark.parametrize("nothing", [None, "", "many"])
def test_what_is_missing_or_cannot_be_read_is_neither_no_nor_0(catalogue: Catalogue, nothing: str | None) -> None:
    assert sums(catalogue, seats=nothing, renewal=nothing) == {}
    assert sums(catalogue, seats=nothing, renewal="no") == {"not_renewed": 1}
    assert sums(catalogue, seats="2", renewal=nothing) == {"seats_sold": 2, "not_renewed": 1}


def test_a_number_in_a_column_of_texts_is_a_segment_by_its_text(catalogue: Catalogue) -> None:
    facts: Facts = {"close_date": ["2025-03-14"], "custom.segment": [7], "custom.seats": ["5"]}
    moved = counted(KnownFacts(deals={"d1": facts}, roster={}, earnings=[]), catalogue)
    assert {cell.segment for cell in moved if cell.dimension == "segment"} == {"7"}


def test_sums_are_counted_again_when_a_column_is_read_otherwise(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(FILE.replace("seats: number", "seats: decimal"))
    assert load(tmp_path).definitions != catalogue.definitions
