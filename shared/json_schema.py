"""The JSON Schema of a document that people write, by which editors complete and explain what it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    """The schema of a model: every field with its description, defaults as they are written in a document."""
    return {"$schema": DIALECT, "title": title, **_tidy(model.model_json_schema(by_alias=True))}


def names_among(known: Iterable[str], *, start: Iterable[str]) -> dict[str, Any]:
    """What the schema of an object says besides, whose names are some that are known, or begin in one of some ways."""
    return {"propertyNames": {"anyOf": [{"enum": [*known]}, *({"pattern": f"^{re.escape(one)}."} for one in start)]}}


def _tidy(node: Any) -> Any:
    """Without the titles that only repeat a field's name, and with descriptions in one line."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    for field in node.get("properties", {}).values():
        if isinstance(field, dict) and "const" in field:  # the name of a kind is explained by the kind
            field.setdefault("description", node.get("description", ""))
    kept = {name: _tidy(value) for name, value in node.items() if name != "title" or not isinstance(value, str)}
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(kept["description"].split())
    return kept
