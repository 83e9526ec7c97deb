"""The JSON Schema of plan files, for the completion of editors."""

from __future__ import annotations

from typing import Any

import orjson

from shared.kernel.plan.version import Plan

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def plan_schema() -> str:
    """The schema as JSON text; every field with its description, defaults as they are written in a plan."""
    schema = Plan.model_json_schema(by_alias=True)
    schema["title"] = "Earnest plan"
    return orjson.dumps({"$schema": DIALECT, **_tidy(schema)}, option=orjson.OPT_INDENT_2).decode()


def _tidy(node: Any) -> Any:
    """Without the titles that only repeat a field's name, and with one form of descriptions."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "const" in node.get("properties", {}).get("kind", {}):  # the name of a kind is explained by the kind
        node["properties"]["kind"]["description"] = node.get("description", "")
    kept = {name: _tidy(value) for name, value in node.items() if name != "title" or not isinstance(value, str)}
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(kept["description"].split())
    return kept
