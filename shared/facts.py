"""Facts merge by last-writer-wins, per field: any order and repetition of patches gives the same facts.

Facts are plain data, as they are stored: `path -> [value, occurred_at, sequence, source]`, and after these `by`, who
sent it, where that is not the source itself. The order of `(occurred_at, sequence, source, canonical JSON of value,
by)` is total, which makes merging commutative, associative and idempotent. `occurred_at` is UTC text of fixed width
(`shared.contracts.base.instant_text`), so that texts sort as instants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

Facts = dict[str, list[Any]]
_NEVER_SET: Final = [None]


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def merge(
    facts: Facts,
    fields: Mapping[str, Any],
    *,
    occurred_at: str,
    sequence: int,
    source: str,
    by: str | None = None,
) -> bool:
    """Merge the fields of a patch into the facts, in place; returns whether the facts changed.

    A later stamp on an equal value is a change too: it must win over what may still arrive from in between.
    """
    changed = False
    # Only where it says more than the source: most facts are sent by their source, and there are millions of them.
    sent = [by] if by is not None and by != source else []
    for path, value in fields.items():
        known = facts.get(path)
        if known is not None:
            stamp, old = (occurred_at, sequence, source), (known[1], known[2], known[3])
            if stamp < old:
                continue  # what is there was said later, in whatever order the two arrived
            # Two that claim the same place: any rule will do, as long as all readers come to the same, so the larger
            # text holds.
            if stamp == old and (_canonical(value), sent) <= (_canonical(known[0]), known[4:]):
                continue
        changed = True
        facts[path] = [value, occurred_at, sequence, source, *sent]
    return changed


def set_by(fact: Sequence[Any]) -> str:
    """Who set a fact: the key it was sent with, which the sender cannot choose, where it is known; else the source."""
    return str(fact[4] if len(fact) > 4 else fact[3])


def value_of(facts: Facts, path: str) -> Any:
    """The value in force of a field; None where it was never set or was cleared."""
    fact = facts.get(path)
    return None if fact is None else fact[0]


def column_of(many: Iterable[Facts], path: str) -> list[Any]:
    """The value in force of a field in each of many facts; None where it was never set or was cleared."""
    return [facts.get(path, _NEVER_SET)[0] for facts in many]


def values_of(facts: Facts) -> dict[str, Any]:
    """The values in force of all fields, by path."""
    return {path: fact[0] for path, fact in facts.items()}
