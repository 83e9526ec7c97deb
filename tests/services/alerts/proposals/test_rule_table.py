"""The rule table and the catalogue of KPIs speak of the same KPIs, and what can go wrong has an answer."""

from __future__ import annotations

from services.alerts.kpis import built_in
from services.alerts.proposals import rules, rules_for


def test_every_rule_answers_kpis_that_there_are() -> None:
    known = set(built_in().by_name)
    assert [signal for rule in rules() for signal in rule.answers if signal.kpi not in known] == []


def test_every_kpi_of_the_plan_has_a_rule_for_each_direction_that_is_trouble() -> None:
    directions = {"above": ("up",), "below": ("down",), "both": ("up", "down")}
    without = [
        (kpi.name, direction)
        for kpi in built_in().kpis
        if kpi.about == "plan"
        for direction in directions[kpi.bad]
        if not any(rules_for(kpi.name, direction))  # type: ignore[arg-type]
    ]
    assert without == []


def test_a_rule_changes_one_or_two_figures_at_a_time_and_says_who_says_so() -> None:
    for rule in rules():
        assert rule.source
        assert rule.behaviour
        assert len({change.kind for change in rule.changes}) == len(rule.changes) <= 3
    assert len({rule.rule for rule in rules()}) == len(rules())
