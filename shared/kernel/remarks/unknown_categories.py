"""Categories that a plan names and the roster does not have, or writes in another way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from shared.kernel.language.category_texts import nearly, roster_attribute
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.remarks.remark import Remark
from shared.kernel.roster import Roster

_Since = dict[str, dict[str, date]]
"""The texts of a category, each with who has it since when."""


def unknown_categories(roster: Roster, plans: PlanSet) -> Iterator[Remark]:
    """Texts of plans that nobody has, and people whose own is written otherwise than any of the plan's."""
    named: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for plan in plans.holding:
        for _, (category, texts) in plan.categories():
            named[plan.plan][category].update(texts)
    for plan_id, categories in named.items():
        for category, every in categories.items():
            yield from _of_category(plan_id, category, texts=every, held=_held(roster, category))


def _of_category(plan: str, category: str, *, texts: set[str], held: _Since) -> Iterator[Remark]:
    if not held:
        says = f"Plan {plan} looks at {category}, and nobody has one: the roster's column {roster_attribute(category)}."
        yield Remark(kind="category_unknown", participant_id="", says=says)
        return
    alike = {_plain(text): text for text in texts}
    other = {text: alike[_plain(text)] for text in held if text not in texts and _plain(text) in alike}
    for text, meant in other.items():
        for who, since in held[text].items():
            says = f"{{who}} of {category} {text}, and plan {plan} names {meant}: write both alike."
            yield Remark(kind="category_unknown", participant_id=who, says=says, since=since)
    for text in sorted(texts - set(held) - set(other.values())):
        near = nearly(text, held)
        hint = f": did you mean {near}?" if near else "."
        says = f"Plan {plan} names {category} {text}, which nobody has in the roster{hint}"
        yield Remark(kind="category_unknown", participant_id="", says=says)


def _held(roster: Roster, category: str) -> _Since:
    held: _Since = defaultdict(dict)
    told = roster.of_category(category).drop_nulls("value").sort("effective_from", descending=True)
    for who, since, text in told.iter_rows():
        held[text][who] = since
    return held


def _plain(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())
