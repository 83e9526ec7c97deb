"""What a setting names that has to be somewhere: checked when the setting is said, in one place for all of them.

Policies, holds and whatever else names something say what they name (`Policy.names`, `Reference`); who asks brings what
there is. What comes later on purpose is said as expected, and then not asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from shared.kernel.language.findings import did_you_mean
from shared.pay.policy import Named, Reference
from shared.problems import Unprocessable

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
_ONE: Final[Mapping[Named, str]] = {
    "payroll_profile": "payroll profile",
    "pay_group": "pay group",
    "role": "key with the role",
}


def check(references: Iterable[Reference], known: Mapping[Named, Callable[[Collection[str]], Collection[str]]]) -> None:
    """Refuse what is named and is not there.

    Args:
        references: what a setting names.
        known: by what can be named, which there are; asked with the names, so that it need not know all of them.

    Raises:
        Unprocessable: names every field that points nowhere, with what there is.
    """
    by_kind: dict[Named, list[Reference]] = {}
    for each in references:
        by_kind.setdefault(each.what, []).append(each)
    errors: list[dict[str, Any]] = []
    for what, mine in by_kind.items():
        there = known[what]({each.name for each in mine})
        for each in mine:
            if each.name not in there:
                hint = (
                    "none with this id came in" if what == "deal" else did_you_mean(each.name, there, what=_MANY[what])
                )
                errors.append(
                    {"field": each.field, "reason": f"there is no {_ONE.get(what, what)} {each.name}: {hint}"}
                )
    if errors:
        detail = "; ".join(f"{each['field']}: {each['reason']}" for each in errors)
        raise Unprocessable(
            f"{detail}; say that it is expected (--expected) where it comes later on purpose", errors=errors
        )
