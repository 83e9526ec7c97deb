"""The glossary and the code say the same words: what the glossary names exists, and what the code enumerates is
explained.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest

from services.payout.policies.kinds import policy_kinds
from shared.contracts import topics
from shared.kernel.components import KINDS
from shared.pay.accounts import LedgerAccount
from shared.pay.run import State
from shared.pay.steps import ADJUSTMENT, EARNING, PAYMENT, RETURN, STEPS, TRANSFER

ROOT = Path(__file__).resolve().parents[1]
GLOSSARY = ROOT / "docs" / "glossary.md"
ROW = re.compile(r"^\| (?P<words>[^|]+) \| (?P<meaning>[^|]+) \| (?P<places>[^|]+) \|$", re.MULTILINE)


def rows() -> list[tuple[set[str], str, list[str]]]:
    """Of every row the words, what they mean, and where the code has them."""
    found = [row for row in ROW.finditer(GLOSSARY.read_text(encoding="utf-8")) if row["words"] not in {"word", "---"}]
    assert found
    return [(set(row["words"].split(", ")), row["meaning"], re.findall(r"`([^`]+)`", row["places"])) for row in found]


def is_there(place: str) -> bool:
    """Whether a path or a dotted name exists."""
    if "/" in place:
        return (ROOT / place).exists()
    module, _, name = place.rpartition(".")
    return hasattr(import_module(module), name)


def test_whatever_the_glossary_names_exists() -> None:
    assert [place for _, _, places in rows() for place in places if not is_there(place)] == []
    assert all(places for _, _, places in rows())


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("plan components", list(KINDS)),
        ("topics", [topic.name for topic in topics.ROAD]),
        ("accounts", get_args(LedgerAccount)),
        ("journals", [booking.kind for booking in (EARNING, ADJUSTMENT, PAYMENT, RETURN, TRANSFER)]),
        ("journals of steps", [step.booking.kind for step in STEPS.values() if step.booking]),
        ("steps of pay", list(STEPS)),
        ("states of a run", get_args(State)),
        ("policies", list(policy_kinds())),
    ],
)
def test_every_word_that_the_code_enumerates_is_explained(what: str, names: Any) -> None:
    explained = {word for words, _, _ in rows() for word in words}
    assert [name for name in names if name not in explained] == [], what
