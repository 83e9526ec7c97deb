"""What a setting names that has to be somewhere: checked when the setting is said, in one place for all of them.

Policies, holds and whatever else names something say what they name (`Policy.names`, `Reference`); who asks brings what
there is. What comes later on purpose is said as expected, and then not asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, TypeAlias

from shared.kernel.language.findings import did_you_mean
from shared.pay.policy import Named, Reference
from shared.problems import Unprocessable

Known: TypeAlias = Mapping[Named, Callable[[Collection[str]], Collection[str]]]
"""By what can be named, which there are; asked with the names, so that whoever answers need not know all of them."""

_MANY: Final[Mapping[Named, str]] = {
    "payroll_profile": "payroll profiles",
    "delivery": "deliveries",
    "pay_group": "pay groups",
    "plan": "plans",
    "participant": "participants",
    "role": "roles of keys",
    "legal entity": "legal entities",
    "cost center": "cost centers",
}
_HINTS: Final[Mapping[Named, str]] = {
    "deal": "none with this id came in",
    "delivery host": "payroll files go to the hosts only that the installation lists in its file known_hosts",
}
_ONE: Final[Mapping[Named, str]] = {
    "payroll_profile": "payroll profile",
    "pay_group": "pay group",
    "role": "key with the role",
}


def check(references: Iterable[Reference], known: Known) -> None:
    """Refuse what is named and is not there.

    Raises:
        Unprocessable: names every field that points nowhere, with what there is.
    """
    # What there is, is asked once for all names of a kind: scoring is asked over the network.
    by_kind: dict[Named, list[Reference]] = defaultdict(list)
    for reference in references:
        by_kind[reference.what].append(reference)
    errors: list[dict[str, Any]] = []
    for what, named in by_kind.items():
        there = known[what]({reference.name for reference in named})
        errors += [
            {"field": reference.field, "reason": _missing(reference, there)}
            for reference in named
            if reference.name not in there
        ]
    if errors:
        detail = "; ".join(f"{error['field']}: {error['reason']}" for error in errors)
        raise Unprocessable(
            f"{detail}; say that it is expected (--expected) where it comes later on purpose", errors=errors
        )


def _missing(reference: Reference, there: Collection[str]) -> str:
    what, name = reference.what, reference.name
    hint = _HINTS.get(what) or did_you_mean(name, there, what=_MANY[what])
    return f"there is no {_ONE.get(what, what)} {name}: {hint}"
