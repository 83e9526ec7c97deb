"""Rows as arrays, one per column: a batch is one statement, however many rows it has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson


def columns(rows: Iterable[Sequence[Any]], width: int = 0) -> dict[str, list[Any]]:
    """Rows as parameters `c0`, `c1`...: one array per column; `width` says how many where there may be no rows."""
    columns = list(zip(*rows, strict=True)) or [()] * width
    return {f"c{number}": list(column) for number, column in enumerate(columns)}


def json_lines(values: Iterable[Any]) -> str:
    """Values as JSON, a line each, for `string_to_array`: in an array the driver would have to escape every quote."""
    return b"\n".join(map(orjson.dumps, values)).decode()
