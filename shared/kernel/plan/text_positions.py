"""Where in the text of a YAML file a part of its data stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import yaml

from shared.kernel.language.findings import Path


class TextPosition(NamedTuple):
    """Line and column, both from 1."""

    line: int
    column: int


class TextPositions:
    """The nodes of a document, found by the path that leads to them."""

    def __init__(self, root: yaml.Node | None) -> None:
        """Take the node of a document, which knows the places that its data has lost."""
        self._root = root

    def text_at(self, path: Path) -> str:
        """The plain value to which a path leads, as it is written; empty where it is none."""
        node = self._root
        for part in path:
            child = next(_children(node, part), None)
            node = child[1] if child is not None else node
        return str(node.value) if isinstance(node, yaml.ScalarNode) else ""

    def of(self, path: Path, *, key: bool = False) -> TextPosition:
        """Where a path leads; where it leads to nothing, the place from which it is missing.

        Parts that are no key of the data, as the names of alternatives in a validator's path, are passed over.

        Args:
            path: keys and list places.
            key: point at the key rather than at a plain value.
        """
        node, at = self._root, self._root
        for part in path:
            child = next(_children(node, part), None)
            if child is None:
                continue
            name, node = child
            # A plain value is pointed at itself, a list or mapping at the key that opens it, since its own mark is the
            # line below.
            at = name if key or not isinstance(node, yaml.ScalarNode) else node
        mark = at.start_mark if at is not None else None
        return TextPosition(mark.line + 1, mark.column + 1) if mark is not None else TextPosition(1, 1)


def _children(node: yaml.Node | None, part: str | int) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """The child of a name or place: the node that names it, and the node of its value."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode) and name.value == str(part):
                yield name, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        yield item, item
