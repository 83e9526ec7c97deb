"""The journal of an alert: what detection, the clock and people did to it. Where it stands is what its journal says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from services.alerts.notifications.message import Event
from shared.contracts.alerts import Resolution, State, What

BY_ITSELF: Final = "earnest"
"""Who acts where no person does: detection and the clock."""
SETTINGS: Final = "settings"
"""What an alert is opened again for where the settings of its KPI are other ones than when it was seen last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An entry of the journal of an alert: its number there, when, who, what and why, and as of which business date the
    KPI was known then.

    `until` ends a snooze; `to` is the owner, the alert, the mute, the proposal or the settings that it is about;
    `useful` is what somebody thought of the alert. `deviation` is how far the KPI was from what was expected, where
    people are told so.
    """

    number: int
    at: datetime
    who: str
    what: What
    as_of: date | None = None
    why: str = ""
    until: datetime | None = None
    to: str | None = None
    resolution: Resolution | None = None
    useful: bool | None = None
    deviation: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an alert stands after all its acts.

    It is quiet, so that nobody is told of it, while it is snoozed, suppressed by another alert (`suppressed_by`) or
    muted (`muted_by`). `acknowledged_at` is when somebody did so last, also where it is open again. `told_at` is since
    when the people of a level have been told of it as open, None where they were not. `level` counts how often it was
    escalated.
    """

    state: State
    acts: int
    opened_at: datetime
    changed_at: datetime
    resolution: Resolution | None = None
    owner: str | None = None
    acknowledged_at: datetime | None = None
    snoozed_until: datetime | None = None
    suppressed_by: str | None = None
    muted_by: str | None = None
    level: int = 0
    told_at: datetime | None = None
    told_deviation: Decimal | None = None
    useful: bool | None = None

    @property
    def answered(self) -> bool:
        """Whether somebody acknowledged it or decided about it."""
        return self.acknowledged_at is not None or self.resolution == "decided"

    def quiet(self, now: datetime) -> bool:
        """Whether people are not to be told of it."""
        snoozed = self.snoozed_until is not None and now < self.snoozed_until
        return snoozed or self.suppressed_by is not None or self.muted_by is not None


def opened(act: Act) -> Standing:
    """Where an alert stands that opened by this act."""
    return Standing(
        state="open",
        acts=act.number,
        opened_at=act.at,
        changed_at=act.at,
        told_at=act.at,
        told_deviation=act.deviation,
    )


def after(standing: Standing, act: Act) -> Standing:
    """Where an alert stands after one more act."""
    moved = replace(standing, acts=act.number, changed_at=act.at)
    match act.what:
        case "worse" if standing.state == "open" and standing.told_at is not None:
            # Escalation counts on: what keeps getting worse would reach the next level last.
            return replace(moved, told_deviation=act.deviation)
        case "reopened" | "worse":
            # What was acknowledged or decided was a smaller trouble, or one that was thought to be over. Nobody is told
            # of what is not over by other settings only.
            return replace(
                moved,
                state="open",
                resolution=None,
                told_at=None if act.to == SETTINGS else act.at,
                told_deviation=act.deviation,
            )
        case "suppressed" | "muted":
            # What becomes quiet in the moment in which it opens was never told.
            quiet = replace(moved, told_at=None if standing.told_at == act.at else standing.told_at)
            return replace(quiet, suppressed_by=act.to) if act.what == "suppressed" else replace(quiet, muted_by=act.to)
        case "snoozed":
            return replace(moved, snoozed_until=act.until)
        case "rearmed":
            # A snooze is a reminder: at its end also what was acknowledged is open again.
            state: State = "open" if standing.snoozed_until is not None else standing.state
            told_at = act.at if state == "open" else standing.told_at
            loud = replace(moved, snoozed_until=None, suppressed_by=None, muted_by=None)
            armed = replace(loud, state=state, told_at=told_at)
            return replace(armed, told_deviation=act.deviation) if state == "open" else armed
        case "escalated":
            return replace(moved, level=standing.level + 1, told_at=act.at)
        case "resolved":
            over = replace(moved, state="resolved", resolution=act.resolution)
            return replace(over, snoozed_until=None, suppressed_by=None, muted_by=None)
        case "acknowledged":
            owner = standing.owner or act.who
            return replace(moved, state="acknowledged", acknowledged_at=act.at, owner=owner)
        case "assigned":
            return replace(moved, owner=act.to)
        case "judged":
            return replace(moved, useful=act.useful)
        case "opened" | "noted" | "reminded":
            return moved


def telling(act: Act, before: Standing | None, *, final: Standing) -> Event | None:
    """What people are told of an act: nothing of what is quiet, or was over before anybody could look.

    Args:
        act: the act.
        before: where the alert stood before it, None where it opened by it.
        final: where it stands after all acts of the same moment.
    """
    match act.what:
        case "opened" | "reopened" | "rearmed":
            return "opened" if final.state == "open" and final.told_at == act.at and not final.quiet(act.at) else None
        case "worse" | "escalated":
            return act.what if final.state == "open" and not final.quiet(act.at) else None
        case "acknowledged" | "resolved":
            # The end is told to whoever was told of the beginning, also while it is quiet: theirs would stay open.
            known = before is not None and before.told_at is not None and before.told_at < act.at
            return act.what if known else None
        case "reminded":
            return None if final.quiet(act.at) else "reminded"
        case _:
            return None
