"""docs/general-ledger.md shows what is really written, and names every format and setting."""

from __future__ import annotations

import re

import pytest

from services.payout.gl.formats import FORMATS
from services.payout.gl.policy import AccountRule, ContractCostAccounts, Dimension, GlAccounts, OnCosts
from tests.services.payout.gl.gl_examples import PAGE, example

TEXTS = sorted(name for name in FORMATS if name != "xlsx")


@pytest.mark.parametrize("name", TEXTS)
def test_the_example_of_every_format_is_what_is_written(name: str) -> None:
    block = example(name).rstrip("\n")
    assert f"```text\n{block}\n```" in PAGE.read_text(), f"write this under {name}:\n{block}"


def test_every_format_and_every_setting_is_on_the_page() -> None:
    said = set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", PAGE.read_text(), flags=re.DOTALL)))
    models = (AccountRule, ContractCostAccounts, Dimension, GlAccounts, OnCosts)
    wanted = {field for model in models for field in model.model_fields} - {"kind", "id", "valid_from"}
    wanted |= {field for form in FORMATS.values() for field in form.settings.model_fields} | set(FORMATS)
    assert wanted - said == set()
