"""Measures that were kept in minor units are kept as the decimals that they are."""

from __future__ import annotations

import json
from importlib import import_module

SCORING = import_module("services.scoring.migrations.versions.0008_exact_earnings")
ALERTS = import_module("services.alerts.migrations.versions.0003_exact_measures")


def test_earnings_of_standings_have_decimals_and_attainments() -> None:
    was = [
        {"amount": 5, "currency": "USD", "measure": -100, "quota": 300, "problem": None},
        {"amount": 5, "currency": "JPY", "measure": 100, "quota": None, "problem": None},
    ]
    one, two = json.loads(SCORING.exact(json.dumps(was)))
    numbers = {"measure": "-1.000000000", "quota": "3.000000000", "attainment": "-0.333333333", "share": None}
    assert one == was[0] | numbers
    assert two == was[1] | {"measure": "100.000000000", "quota": None, "attainment": None, "share": None}


def test_contributions_to_kpis_are_of_one_unit_whatever_the_currency() -> None:
    found = json.loads(ALERTS.exact('{"USD": [7, 150, 300, 1], "KWD": [7, 1500, 3000, 1]}'))
    assert found == {"USD": ["7", "1500000000", "3000000000", "1"], "KWD": ["7", "1500000000", "3000000000", "1"]}
