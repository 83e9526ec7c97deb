"""The text of a plan file as data: YAML whose numbers are exact, whose words stay words, and where nothing is said
twice."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, NamedTuple, cast

import yaml

from shared.kernel.plan.yaml_slips import mend_of, place_of
from shared.limits import SafeLoader, TooMuch, check_length, check_nodes


class PlanFileError(ValueError):
    """The file is not a plan; the message names the place and what is wrong. `what` is the same without the place, and
    `mend` how to mend it.
    """

    def __init__(
        self, what: str, position: tuple[int, int] | None = None, *, code: str = "P001", mend: str = ""
    ) -> None:
        self.what, self.position, self.code, self.mend = what, position or (1, 1), code, mend
        where = f"line {position[0]}, column {position[1]}: " if position else ""
        super().__init__(f"{where}{what}")


class _ExactLoader(SafeLoader):
    """Reads whole numbers and numbers with a decimal point, the latter as Decimal; only `true` and `false` are yes and
    no.

    YAML 1.1 takes the words on, off, yes and no for truth values, which are words of plans, and `1:30`, `010` and
    `0x1F` for numbers, which nobody means who writes a plan.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012
        letter: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag not in {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float")}
        ]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_DIGITS = list("-+0123456789")
_ExactLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))
_ExactLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^[-+]?(?:0|[1-9][0-9_]*)$"), _DIGITS)
_ExactLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]{1,3})?$"), _DIGITS
)
_ExactLoader.add_constructor(
    "tag:yaml.org,2002:float",
    lambda loader, node: Decimal(str(loader.construct_scalar(cast(yaml.ScalarNode, node))).replace("_", "")),
)


def _day(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    try:
        return loader.construct_yaml_timestamp(cast(yaml.ScalarNode, node))
    except ValueError as error:
        raise yaml.constructor.ConstructorError(
            None, None, f"{node.value} is no date: {error}", node.start_mark
        ) from None


_ExactLoader.add_constructor("tag:yaml.org,2002:timestamp", _day)


class YamlDocument(NamedTuple):
    """One document of a text: its data, the node that knows lines and columns, and its part of the text."""

    data: Any
    node: yaml.Node | None
    text: str


def read_yaml(text: str) -> Any:
    """The data of a YAML text of one document, with exact numbers.

    Raises:
        PlanFileError: as by `read_document`.
    """
    return read_document(text).data


def read_document(text: str) -> YamlDocument:
    """The one document of a YAML text.

    Raises:
        PlanFileError: the text is not YAML, says a field twice, or holds several documents; names line and column.
    """
    documents = read_documents(text)
    if len(documents) > 1:
        mark = documents[1].node.start_mark if documents[1].node else None
        position = (mark.line + 1, mark.column + 1) if mark else None
        raise PlanFileError("the file holds several documents (---)", position, mend="write a file for each")
    return documents[0]


def read_documents(text: str) -> list[YamlDocument]:
    """The documents of a YAML text, with exact numbers: one at least, and none that is empty beside others.

    Raises:
        PlanFileError: the text is not YAML, or says a field twice; names line and column.
    """
    loader: _ExactLoader | None = None
    try:
        check_length(text)
        loader = _ExactLoader(text)
        nodes: list[yaml.Node] = []
        while loader.check_node():
            node = loader.get_node()
            assert node is not None  # there is one: it was asked for before
            nodes.append(node)
        documents = []
        for node, part in zip(nodes, _parts(text, nodes), strict=True):
            check_nodes(node)
            # YAML keeps the last of two equal keys without a word; of two rates that would be somebody's pay.
            _refuse_what_is_said_twice(node, set())
            data = loader.construct_document(node)
            if data is not None:
                documents.append(YamlDocument(data, node, part))
        return documents or [YamlDocument(None, None, text)]
    except yaml.MarkedYAMLError as error:
        raise PlanFileError(str(error.problem), place_of(error), mend=mend_of(error)) from None
    except yaml.reader.ReaderError as error:
        line, column = text.count("\n", 0, error.position) + 1, error.position - text.rfind("\n", 0, error.position)
        raise PlanFileError(f"the character {chr(error.character)!r} cannot stand in a plan", (line, column)) from None
    except yaml.YAMLError as error:
        raise PlanFileError(" ".join(str(error).split())) from None
    except RecursionError:
        raise PlanFileError("the text is nested too deeply") from None
    except TooMuch as error:
        raise PlanFileError(str(error)) from None
    except (InvalidOperation, ValueError) as error:
        if isinstance(error, PlanFileError):
            raise
        raise PlanFileError(f"a date or number is none: {error}") from None
    finally:
        if loader is not None:
            loader.dispose()


def _parts(text: str, nodes: Sequence[yaml.Node]) -> list[str]:
    """The text of each document: from the line that begins it, `---`, to the next."""
    # The line of the three dashes: the last one before the document's own first character.
    dashes = [found.start() for found in _DASHES.finditer(text)]
    begin = [dashes[bisect_right(dashes, node.start_mark.index) - 1] for node in nodes[1:]]
    return [text[start:end] for start, end in pairwise([0, *begin, len(text)])][: len(nodes)]


_DASHES = re.compile(r"^---(?=\s|$)", re.MULTILINE)


def _refuse_what_is_said_twice(node: yaml.Node, seen: set[int]) -> None:
    # Aliases make the tree a graph: a node that was looked at is not looked at again, or a few lines would take for
    # ever.
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_what_is_said_twice(item, seen)
    elif isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode) and name.value != "<<":
                if name.value in names:
                    mark = name.start_mark
                    what = f"{name.value} is said twice, and only one of them can count"
                    raise PlanFileError(what, (mark.line + 1, mark.column + 1), code="P003")
                names.add(name.value)
            _refuse_what_is_said_twice(value, seen)
