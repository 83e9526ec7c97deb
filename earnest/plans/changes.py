"""What changed between two versions of a plan, field by field, in words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from shared.formatting import percent
from shared.kernel.plan.version import Plan

NAMED = {"credits": ("rule", "Rule"), "measures": ("measure", "Measure"), "components": ("component", "Component")}
SHARES = {"rate", "weight", "share"}
"""Fields whose numbers are always shares."""
_QUIET = {"version", "author", "reason"}


def differences(old: Plan, new: Plan) -> list[str]:
    """Which versions these are, then one line for everything that was added, taken out or changed; lists of rows are
    told row by row."""
    before, after = old.document(), new.document()
    head = f"{before['plan']} version {before['version']} -> {after['plan']} version {after['version']}"
    return [head, *(list(_plans(before, after)) or ["The two say the same."])]


def _plans(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    if all(old[name] == new[name] for name in ("plan", "effective_from")) and new["version"] > old["version"]:
        yield f"It replaces version {old['version']} from its first day, {old['effective_from']}"
    if reason := new.get("reason"):
        yield f"Reason: {reason}"
    for name in dict.fromkeys([*old, *new]):
        if name in NAMED:
            key, what = NAMED[name]
            yield from _named(key, what, old=old.get(name, []), new=new.get(name, []))
        elif name not in _QUIET:
            yield from _changed(name.replace("_", " ").capitalize(), old.get(name), new=new.get(name))


def _named(key: str, what: str, *, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Iterator[str]:
    before, after = {row[key]: row for row in old}, {row[key]: row for row in new}
    # By name and not by place: a component that is moved was not taken out and put in.
    for name in dict.fromkeys([*before, *after]):
        if name not in after:
            yield f"{what} {name} is taken out"
        elif name not in before:
            yield f"{what} {name} is new: {_said({k: v for k, v in after[name].items() if k != key})}"
        else:
            for field in dict.fromkeys([*before[name], *after[name]]):
                yield from _changed(f"{what} {name}: {field}", before[name].get(field), new=after[name].get(field))
    both = [name for name in before if name in after]
    if both != [name for name in after if name in before]:
        yield f"The order of the {what.lower()}s changed: {', '.join(after)}"


def _changed(where: str, old: Any, *, new: Any) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            yield from _changed(f"{where}.{name}", old.get(name), new=new.get(name))
        return
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, two) in enumerate(zip(old, new, strict=True), start=1):
            yield from _changed(f"{where} {number}", one, new=two)
        return
    # The last word says what the number is: of a rate 0.05 is 5%, of a quantity it is not.
    name = where.rpartition(".")[2].rpartition(" ")[2]
    before, after = _said(old, name), _said(new, name)
    if old is None:
        yield f"{where} is now {after}; before, nothing was said"
    elif new is None:
        yield f"{where} is no longer said; it was {before}"
    else:
        yield f"{where} was {before}, is now {after}"


def _said(value: Any, name: str = "") -> str:
    if name in SHARES and isinstance(value, str):
        return percent(Decimal(value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_said(item, name)}" for name, item in value.items())
    if isinstance(value, list):
        return "; ".join(_said(item) for item in value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
