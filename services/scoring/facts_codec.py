"""Facts as they are stored: grouped by stamp, because a patch sets many fields at once. A third of the plain text's
size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from shared.facts import Facts

NO_FACTS: Final = "[]"


def pack(facts: Facts) -> str:
    """One line of JSON: `[[occurred_at, sequence, source, {path: value}]]`; `by` after the source where there is
    one.
    """
    by_stamp: dict[tuple[Any, ...], dict[str, Any]] = {}
    stamp: tuple[Any, ...] = ()
    fields: dict[str, Any] = {}
    for path, (value, *of_it) in facts.items():
        if (given := tuple(of_it)) != stamp:  # mostly it is that of the field before
            stamp = given
            fields = by_stamp.setdefault(stamp, {})
        fields[path] = value
    return orjson.dumps([(*stamp, fields) for stamp, fields in by_stamp.items()]).decode()


def pack_patch(
    fields: Mapping[str, Any], occurred_at: str, *, sequence: int, source: str, by: str | None = None
) -> str:
    """The facts of a single patch, packed."""
    sent = (by,) if by is not None and by != source else ()
    return orjson.dumps([(occurred_at, sequence, source, *sent, fields)]).decode()


def unpack(text: str) -> Facts:
    """The facts of `pack`."""
    return {path: [value, *stamp] for *stamp, fields in orjson.loads(text) for path, value in fields.items()}
