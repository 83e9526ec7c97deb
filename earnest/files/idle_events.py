"""What a file of events says and no run heeds: a hold of what nobody earned by, a release of nothing, a run that pays
nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from earnest.files.pay_events import PayEvents
from shared.pay.facts import Entry
from shared.pay.projection import ProjectedRun


def idle_events(
    events: PayEvents, entries: Sequence[Entry], *, deals: Collection[str], runs: Sequence[ProjectedRun]
) -> Iterator[str]:
    """One sentence for each; `deals` are those of the file of deals."""
    last = runs[-1].run.ends if runs else None
    known: dict[str, set[str | None]] = {
        "participant": {each.participant_id for each in entries},
        "deal": {each.deal_id for each in entries} | set(deals),
        "plan": {each.plan for each in entries},
    }
    for day, hold in events.holds:
        said = f"{hold.scope} {hold.subject}"
        if hold.subject not in known[hold.scope]:
            yield f"the hold of {day} stops nothing: nothing is earned by {said}"
        if hold.released_on and last and hold.released_on > last:
            yield f"{said} is released on {hold.released_on}, which no run reaches: the last ends on {last}"
    for day, scope, subject in events.released:
        yield f"the release of {day} releases nothing: there is no hold on {scope} {subject} before it"
    earned = {(each.participant_id, each.deal_id) for each in entries}
    for day, who, deal in events.excused:
        if (who, deal) not in earned:
            yield f"the dismissal of {day} concerns nothing: {who} has earned and lost nothing by deal {deal}"
        elif last and day > last:
            yield f"the dismissal of {day} is one that no run looks at: the last ends on {last}"
    paid = {
        (each.run.ends, each.run.participants)
        for each in runs
        if each.run.kind == "off_cycle" and any(one.paid for one in each.settlements)
    }
    for one in events.off_cycle:
        if (one.day, one.participants) not in paid:
            yield f"the off-cycle run of {one.day} pays nobody{f' ({one.participants[0]})' if one.participants else ''}"
