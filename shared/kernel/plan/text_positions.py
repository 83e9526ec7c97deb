"""Where in the text of a YAML file a part of its data stands."""

from __future__ import annotations

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
        # By node, each looked through once: of a file that is wrong in every line, every line is asked for.
        self._named: dict[int, dict[str, tuple[yaml.Node, yaml.Node]]] = {}

    def text_at(self, path: Path) -> str:
        """The plain value to which a path leads, as it is written; empty where it is none."""
        node = self._root
        for part in path:
            child = self._child(node, part)
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
            child = self._child(node, part)
            if child is None:
                continue
            name, node = child
            # A plain value is pointed at itself, a list or mapping at the key that opens it, since its own mark is the
            # line below.
            at = name if key or not isinstance(node, yaml.ScalarNode) else node
        mark = at.start_mark if at is not None else None
        return TextPosition(mark.line + 1, mark.column + 1) if mark is not None else TextPosition(1, 1)

    def _child(self, node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
        """The child of a name or place: the node that names it, and the node of its value."""
        if isinstance(node, yaml.MappingNode):
            if (named := self._named.get(id(node))) is None:
                named = self._named[id(node)] = {}
                for name, value in node.value:
                    if isinstance(name, yaml.ScalarNode):
                        named.setdefault(name.value, (name, value))
            return named.get(str(part))
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            item = node.value[part]
            return item, item
        return None
