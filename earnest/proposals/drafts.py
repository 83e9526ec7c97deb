"""Draft versions of a plan: the file of the version in force with a change in it, to hold from a date in the future."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from earnest.proposals.plan_changes import Changed, NothingToChange, sums_begin_anew
from earnest.proposals.plan_text import Edit, edited, put, say
from shared.kernel.calendar import Fiscal, days_of, first_of_window, fiscal_at, periods_in
from shared.kernel.checks.texts import check_texts
from shared.kernel.language.conventions import CalendarTerms, Reset
from shared.kernel.plan.exact_yaml import read_document
from shared.kernel.plan.plan_file import plans_of_text
from shared.kernel.plan.report import is_clean
from shared.kernel.plan.version import Plan

NOTICE: Final = timedelta(days=30)
"""People are told of a change so long before it holds; none is retroactive."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A plan file that nobody has published: its name, its text, and its plan."""

    file: str
    text: str
    plan: Plan


def effective_date(today: date, calendar: CalendarTerms, *, window: Reset = "month", earliest: date = date.min) -> date:
    """The first day of a fiscal month, quarter, half or year, at least the notice away and not before `earliest`."""
    day = max(today + NOTICE, earliest)
    period = Fiscal(first_of_window(fiscal_at(day, calendar), window))
    begins, _ = days_of(period, calendar)
    return begins if begins >= day else days_of(Fiscal(period + periods_in(window)), calendar)[0]


def draft(
    text: str, changed: Changed, *, version: int, effective_from: date, window: Reset, reason: str, name: str
) -> Draft:
    """The draft of a changed plan.

    Args:
        text: the file of the version in force.
        changed: what is changed.
        version: the number of the draft.
        effective_from: from when it would hold.
        window: what begins then, so that sums which begin anew with the version lose nothing.
        reason: why it is proposed; the file says it.
        name: what is changed, for the name of the file.

    Raises:
        NothingToChange: with the change the file is no sound plan, or `earnest plan check` has more to say of it than
            before.
    """
    document = read_document(text).data
    edits: list[Edit] = [*changed.edits, put(("version",), version), put(("effective_from",), effective_from)]
    edits.append(put(("reason",), reason) if "reason" in document else say((), "reason", value=reason))
    edits += sums_begin_anew(document) if window != "month" else []
    words = "\n".join(f"# {line}" for line in ("Drafted by `earnest alerts propose`.", *changed.words))
    new = f"{words}\n{edited(text, edits)}"
    file = f"{document['plan'].replace('/', '_')}-{version}-{name}.yaml"
    found = plans_of_text(new, file)
    known = {each.finding.code for each in check_texts(plans_of_text(text, file))}
    worse = [each for each in check_texts(found) if each.finding.severity == "error" or each.finding.code not in known]
    worse = [each for each in worse if not is_clean([each])]
    if worse or found[0].plan is None:
        raise NothingToChange("with the change it is no sound plan: " + "; ".join(each.in_words for each in worse[:2]))
    return Draft(file=file, text=new, plan=found[0].plan)
