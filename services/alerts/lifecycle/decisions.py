"""What people decide about an alert: acknowledge, snooze, note, assign, resolve, judge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from services.alerts.lifecycle.acts import Act
from services.alerts.lifecycle.alert import Case
from services.alerts.lifecycle.errors import AlertIsOver, SnoozeHasPassed, SnoozeIsTooLong
from shared.contracts.alerts import Resolution

LONGEST_SNOOZE: Final = timedelta(days=92)
"""A quarter: what nobody wants to hear of for longer is resolved, with a reason."""
TOO: Final = "looks after it too"
"""What stands in the journal of one more who acknowledges and says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody does and why. `until` ends a snooze, `to` is the new owner, `useful` what was thought of the
    alert.
    """

    what: Literal["acknowledged", "snoozed", "noted", "assigned", "resolved", "judged"]
    why: str = ""
    until: datetime | None = None
    to: str | None = None
    useful: bool | None = None

    @property
    def resolution(self) -> Resolution | None:
        """People resolve by a decision; that a KPI came back or facts were corrected is for detection to say."""
        return "decided" if self.what == "resolved" else None


def decide(case: Case, decision: Decision, *, journal: Sequence[Act], who: str, now: datetime) -> None:
    """Write a decision into the journal; what the same person has said so already is not said again. Whoever
    acknowledges what somebody has acknowledged already writes a note: the owner stays, and nobody is told again.

    Raises:
        AlertIsOver: the alert is resolved, and this makes no sense any more.
        SnoozeHasPassed, SnoozeIsTooLong: the end of the snooze is no good.
    """
    standing = case.alert.standing
    if _is_said(decision, journal, who=who, case=case):
        return
    if decision.what == "acknowledged" and standing.state == "acknowledged":
        decide(case, Decision(what="noted", why=decision.why or TOO), journal=journal, who=who, now=now)
        return
    if standing.state == "resolved" and decision.what in ("acknowledged", "snoozed", "resolved"):
        raise AlertIsOver(case.alert.alert_id, standing.resolution)
    if decision.until is not None:
        if decision.until <= now:
            raise SnoozeHasPassed(decision.until.isoformat())
        if decision.until > now + LONGEST_SNOOZE:
            raise SnoozeIsTooLong(LONGEST_SNOOZE.days)
    case.add(
        decision.what,
        now,
        who=who,
        why=decision.why,
        until=decision.until,
        to=decision.to,
        resolution=decision.resolution,
        useful=decision.useful,
    )


def resolve_with(cause: Case, parts: Iterable[Case], *, who: str, now: datetime) -> None:
    """What is decided about an alert holds for those that it stands for: who resolves it resolves them."""
    for act, _ in cause.acts:
        if act.what == "resolved":
            why = f"decided with {cause.alert.alert_id}: {act.why}"
            for part in parts:
                part.add("resolved", now, who=who, why=why, resolution=act.resolution)


def _is_said(decision: Decision, journal: Sequence[Act], *, who: str, case: Case) -> bool:
    """Whether it changes nothing and says nothing new: the request came twice."""
    standing = case.alert.standing
    alike = [act for act in journal if act.what == decision.what]
    # Of notes each one counts, of everything else only what was said last.
    same = [
        act
        for act in (alike if decision.what == "noted" else alike[-1:])
        if (act.who, act.why, act.until, act.to, act.useful)
        == (who, decision.why, decision.until, decision.to, decision.useful)
    ]
    match decision.what:
        case "acknowledged":
            stands = standing.state == "acknowledged"
        case "assigned":
            stands = standing.owner == decision.to
        case "snoozed":
            stands = standing.snoozed_until == decision.until
        case "resolved":
            stands = standing.resolution == "decided"
        case "noted" | "judged":
            stands = True
    return bool(same) and stands
