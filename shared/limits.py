"""How much people may write at once: what is beyond is refused before anything is expanded or calculated with it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any, Final

import yaml

MOST_PARTS: Final = 200_000
"""Names and values of fields and list items of a document, each counted wherever it is referred to."""
DEEPEST: Final = 30
"""Lists and fields within each other."""
MOST_CHARACTERS: Final = 2_000_000
"""Of a YAML text, and of all texts in a document."""


class TooMuch(ValueError):
    """What somebody wrote is beyond a limit; the message names it."""


def check_document(data: Any, parts: int = MOST_PARTS, *, characters: int = MOST_CHARACTERS) -> None:
    """See that data has no more parts and text than a document may have, is not nested too deeply, and can be stored.

    Raises:
        TooMuch: it is beyond one of the limits, or contains itself.
    """
    # Level by level and not by recursion: what is nested too deeply must not exhaust the stack before it is refused.
    level, depth, seen, written = [data], 0, 0, 0
    while level:
        seen += len(level)
        texts = [part for part in level if isinstance(part, str)]
        written += sum(map(len, texts))
        if seen > parts:
            raise TooMuch(f"it has more than {parts:,} parts; write several smaller ones")
        if written > characters:
            raise TooMuch(f"its texts have more than {characters:,} characters")
        if depth > DEEPEST:
            raise TooMuch(f"it is nested more than {DEEPEST} levels deep")
        if any("\0" in text for text in texts):
            raise TooMuch("the character NUL cannot stand in it")
        level = [inner for part in level for inner in _parts(part)]
        depth += 1


def _parts(data: Any) -> Iterable[Any]:
    if isinstance(data, dict):
        return chain(data, data.values())
    return data if isinstance(data, list | tuple) else ()


class Shallow(yaml.scanner.Scanner):
    """Refuses what is nested too deeply at its first bracket: for each that is open, YAML looks at all of them again
    with every sign that it reads.
    """

    def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
        """Take an opening bracket.

        Raises:
            TooMuch: too many are open.
        """
        if self.flow_level > DEEPEST:
            raise TooMuch(f"it is nested more than {DEEPEST} levels deep")
        super().fetch_flow_collection_start(token)


class SafeLoader(Shallow, yaml.SafeLoader):
    """Reads values as YAML does."""


class TextLoader(Shallow, yaml.BaseLoader):
    """Reads every value as the text that it is."""


Loader = type[SafeLoader] | type[TextLoader]


def load_yaml(text: str, loader: Loader = SafeLoader) -> Any:
    """The data of a YAML text: `yaml.safe_load` for texts that somebody else may have written.

    Raises:
        yaml.YAMLError: it is not YAML, or several documents.
        TooMuch: it is beyond one of the limits.
    """
    documents = load_yaml_documents(text, loader)
    if len(documents) > 1:
        raise yaml.YAMLError("it holds several documents (---); write one")
    return documents[0] if documents else None


def load_yaml_documents(text: str, loader: Loader = SafeLoader) -> list[Any]:
    """The data of every document of a YAML text.

    Raises:
        yaml.YAMLError: it is not YAML.
        TooMuch: it is beyond one of the limits.
    """
    check_length(text)
    reading = loader(text)
    documents: list[Any] = []
    try:
        while reading.check_node():
            node = reading.get_node()
            check_nodes(node)  # before it becomes data: a few aliases can stand for billions of values
            documents.append(_constructed(reading, node))
    except RecursionError:
        raise TooMuch(f"it is nested more than {DEEPEST} levels deep") from None
    finally:
        reading.dispose()
    return documents


def _constructed(reading: SafeLoader | TextLoader, node: yaml.Node | None) -> Any:
    if node is None:
        return None
    try:
        return reading.construct_document(node)
    except (ValueError, KeyError, AttributeError, TypeError) as error:  # a date that does not exist, !!int of a word
        raise yaml.YAMLError(f"a value is not of the type that its form says: {error}") from None


def check_length(text: str) -> None:
    """See that a text is not too long to be read.

    Raises:
        TooMuch: it is.
    """
    if len(text) > MOST_CHARACTERS:
        raise TooMuch(f"the text has {len(text):,} characters; {MOST_CHARACTERS:,} at most are read")


def check_nodes(node: yaml.Node | None) -> None:
    """The same as `check_document` before a YAML text becomes data: what is said once and referred to often counts each
    time.

    Raises:
        TooMuch: it is beyond one of the limits, or contains itself.
    """
    sizes: dict[int, int] = {}

    def size(node: yaml.Node, depth: int) -> int:
        if depth > DEEPEST:
            raise TooMuch(f"it is nested more than {DEEPEST} levels deep, or contains itself")
        if id(node) not in sizes:  # an alias is the same node again: it is walked once, and counted each time
            inside: list[yaml.Node] = []
            if isinstance(node, yaml.MappingNode):
                inside = [part for pair in node.value for part in pair]
            elif isinstance(node, yaml.SequenceNode):
                inside = node.value
            sizes[id(node)] = 1 + sum(size(part, depth + 1) for part in inside)
            if sizes[id(node)] > MOST_PARTS:
                raise TooMuch(f"it has more than {MOST_PARTS:,} parts; write several smaller ones")
        return sizes[id(node)]

    if node is not None:
        size(node, 0)
