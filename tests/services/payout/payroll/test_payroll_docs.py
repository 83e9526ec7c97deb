"""docs/payroll-files.md shows what is really written, and nothing is left out of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from services.payout.payroll.formats import FORMATS
from services.payout.payroll.policy import PayrollProfile
from services.payout.policies.kinds import policy_of
from tests.services.payout.payroll.payroll_examples import blocks

PAGE = (Path(__file__).parents[4] / "docs" / "payroll-files.md").read_text()


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_example_of_every_format_is_what_is_written(name: str) -> None:
    for block in blocks(name):
        assert block in PAGE, f"write this under {name}:\n{block}"


def test_the_profile_that_the_page_shows_is_one() -> None:
    profile = policy_of(yaml.safe_load(PAGE.split("```yaml\n")[1].split("```")[0]))
    assert isinstance(profile, PayrollProfile)
    west = profile.of_entity("ACME-WEST")
    assert west is not None
    assert west.model_dump()["company_code"] == "WST"
    assert profile.of_entity("ACME-UK") is None
    assert profile.of_entity(None) is None
