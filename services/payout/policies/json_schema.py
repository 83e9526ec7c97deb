"""The JSON Schema of a kind of policies, for editors and for whoever writes policies by program."""

from __future__ import annotations

from typing import Any, Final

from shared.pay.policy import Policy

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_of(model: type[Policy]) -> dict[str, Any]:
    """The schema; every field with its description."""
    schema = _tidy(model.model_json_schema(by_alias=True))
    return {"$schema": DIALECT, "title": f"Earnest {model.__name__}", **schema}


def _tidy(node: Any) -> Any:
    """Without titles, which only repeat a field's name, and with descriptions in one line."""
    if isinstance(node, list):
        return [_tidy(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {name: _tidy(value) for name, value in node.items() if name != "title" or not isinstance(value, str)}
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(kept["description"].split())
    return kept
