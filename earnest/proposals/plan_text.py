"""Changes in the text of a plan file: everything that is not changed stays as it was written, remarks too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import yaml

from shared.kernel.plan.exact_yaml import read_document

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Set the value at a path, append a value to the list at a path, or say a new field of the mapping at a path."""

    kind: Literal["set", "append", "say"]
    path: Path
    value: Any
    field: str = ""


def put(path: Path, value: Any) -> Edit:
    """The value at a path, which is there, becomes another."""
    return Edit(kind="set", path=path, value=value)


def append(path: Path, value: Any) -> Edit:
    """A list gets a value at its end."""
    return Edit(kind="append", path=path, value=value)


def say(path: Path, field: str, *, value: Any) -> Edit:
    """A mapping gets a field that it does not have."""
    return Edit(kind="say", path=path, field=field, value=value)


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text of one plan with changes in it.

    Raises:
        PlanFileError: the text is no YAML.
        LookupError: there is nothing at a path.
    """
    root = read_document(text).node
    places = [_place(root, edit) for edit in edits]
    # From the end, so that places before a change stay where they are; of changes at one place the first comes first.
    for (start, end), _, new in sorted(((span, at, new) for at, (span, new) in enumerate(places)), reverse=True):
        text = text[:start] + new + text[end:]
    return text


def in_flow(value: Any) -> str:
    """A value on one line, as plan files have it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {in_flow(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(in_flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | int):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    dumped = yaml.safe_dump([str(value)], default_flow_style=True, width=10**6, allow_unicode=True)
    return dumped.strip()[1:-1]


def _place(root: yaml.Node | None, edit: Edit) -> tuple[tuple[int, int], str]:
    node = _at(root, edit.path)
    if edit.kind == "set":
        return (node.start_mark.index, _end(node)), in_flow(edit.value)
    end = _end(node)
    new = f"{edit.field}: {in_flow(edit.value)}" if edit.kind == "say" else in_flow(edit.value)
    if node.flow_style:
        return (end - 1, end - 1), f", {new}" if node.value else new
    # A block: a new line in the column of the first of its parts.
    if isinstance(node, yaml.MappingNode):
        return (end, end), f"\n{' ' * node.value[0][0].start_mark.column}{new}"
    return (end, end), f"\n{' ' * node.start_mark.column}- {new}"


def _at(node: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        else:
            node = None
        if node is None:
            raise LookupError(f"there is no {'.'.join(map(str, path))} in the plan")
    return node


def _end(node: yaml.Node) -> int:
    """Where a value ends: a block ends for YAML only where the next begins, after remarks that are not its own."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _end(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _end(node.value[-1])
    return int(node.end_mark.index)
