"""Why a month of contract costs is not booked, or a cost or event of a contract not added."""

from __future__ import annotations

from collections.abc import Sequence

from services.payout.errors import Refusal
from shared.periods import Month


class MonthPassed(Refusal):
    """A later month is booked: what changes is booked there, with its origin."""

    type = "contract-costs-month-passed"
    title = "The month has passed"

    def __init__(self, period: Month, last: Month) -> None:
        super().__init__(
            f"contract costs are booked through {last}: what changed about {period} is booked with {last} or later"
        )
        self.period, self.last = period, last


class MonthsSkipped(Refusal):
    """Months before this one are not booked; a catch-up is said on purpose."""

    type = "contract-costs-months-skipped"
    title = "Earlier months are not booked"

    def __init__(self, period: Month, skipped: Sequence[Month], *, entries: int) -> None:
        which = skipped[0] if len(skipped) == 1 else f"{skipped[0]} to {skipped[-1]}, {len(skipped)} months"
        super().__init__(
            f"earlier months are not booked yet ({which}): what moved in them, entries: {entries:,}, would be booked "
            f"in {period}, with its roll-forward and journals; book {skipped[0]} first and then month by month, or "
            f"catch up (--catch-up, catch_up=true over HTTP) to book all of it in {period} on purpose"
        )
        self.period, self.skipped, self.entries = period, list(skipped), entries


class EventExists(Refusal):
    """An event of this id says something else."""

    type = "contract-costs-event-exists"
    title = "There is an event of this id"

    def __init__(self, event: str) -> None:
        super().__init__(f"there is an event {event} already that says something else; an event is never changed")
        self.event = event


class LineExists(Refusal):
    """A cost of this id says something else."""

    type = "contract-costs-line-exists"
    title = "There is a cost of this id"

    def __init__(self, line: str) -> None:
        super().__init__(
            f"there is a cost {line} already that says something else; take it back with a negative one that corrects "
            "it"
        )
        self.line = line
