"""Mapping files as they were written before a mapping could name any columns, in today's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.value_rules import NULLS


def in_today_s_form(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as it stands, or what one of the earlier form says in today's words: deals with a `mapping` inside,
    and a roster of participants with their managers.
    """
    said = dict(document)
    deals, roster = said.get("deals"), said.get("roster")
    people = deals.get("people", ()) if isinstance(deals, Mapping) else ()
    if isinstance(deals, Mapping) and isinstance(deals.get("mapping"), Mapping):
        said["deals"], said["source"] = _deals(deals, people), deals["mapping"].get("source", "files")
        said.setdefault("notation", {"null": NULLS})
    if isinstance(roster, Mapping) and "manager_plan" in roster:
        said["roster"] = _roster(roster, names=bool(people))
        if isinstance(said.get("quotas"), Mapping):
            said["quotas"] = {"plan": roster.get("plan"), **said["quotas"]}
    return said


def _deals(deals: Mapping[str, Any], people: Any) -> dict[str, Any]:
    mapping = {
        name: _rules(part) for name, part in deals["mapping"].items() if name not in ("source", "owner", "signing")
    }
    fields = mapping.get("fields", {})
    for name in people:
        if name in fields:
            fields[name] = {**fields[name], "as_id": True}
    return {**mapping, **{name: said for name, said in deals.items() if name not in ("mapping", "people")}}


def _roster(roster: Mapping[str, Any], *, names: bool) -> list[dict[str, Any]]:
    """The managers that participants name, and the participants, who are so also where somebody's managers they are."""

    def table(column: str, **fields: Any) -> dict[str, Any]:
        return {
            "file": roster["file"],
            "when": {"column": roster[column], "not_in": [None]},
            "participant_id": {"column": roster[column], "as_id": names},
            "name": {"column": roster[column]},
            "effective_from": {"constant": str(roster["effective_from"])},
            "fields": {"territory": {"column": roster["territory"]}, **fields},
        }

    managers = table("manager", plan={"constant": roster["manager_plan"]})
    manager = {"column": roster["manager"], "as_id": names}
    return [managers, table("participant", plan={"constant": roster["plan"]}, manager=manager)]


def _rules(part: Any) -> Any:
    """Rules by their names, or one rule."""
    if isinstance(part, Mapping) and not {"path", "constant"} & set(part):
        return {name: _rule(rule) for name, rule in part.items()}
    return _rule(part)


def _rule(rule: Any) -> Any:
    if isinstance(rule, str):
        rule = {"path": rule}
    if not isinstance(rule, Mapping) or "path" not in rule:
        return dict(rule) if isinstance(rule, Mapping) else rule
    return {**{name: said for name, said in rule.items() if name != "path"}, "column": rule["path"].removeprefix("$.")}
