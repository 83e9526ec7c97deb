"""Why a line is held, and what will release it, in words for whoever earned it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from shared.pay.terms.words.release import Hold, LineFacts, Tranche, due


class HoldReason(NamedTuple):
    """Why something is held, and what will release it."""

    reason: str
    released_by: str


def why_held(line: LineFacts, tranches: Sequence[Tranche] | None, *, holds: Iterable[Hold], as_of: date) -> HoldReason:
    """Why not all of the line is released on a date: the holds that stop it; without any, the parts that are not due."""
    if stops := [hold for hold in holds if hold.stops(line, as_of)]:
        reasons, lifts = [f"On hold: {hold.reason}" for hold in stops], [_lifted(hold) for hold in stops]
    else:
        waiting = [each for each in tranches or () if due(line, each, as_of=as_of) < 1]
        reasons, lifts = [f"{_percent(each.share)} {_waits(each)}" for each in waiting], [_by(line, t) for t in waiting]
    return HoldReason("; ".join(dict.fromkeys(reasons)), "; ".join(dict.fromkeys(lifts)))


def _lifted(hold: Hold) -> str:
    ways = [f"on {hold.until}"] if hold.until is not None else []
    if hold.until_collected:
        ways.append("when the customer has paid")
    return " or ".join([*ways, "when a person releases it"])


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f}%"


def _waits(tranche: Tranche) -> str:
    event = {
        "booked": "the sale",
        "collected": "the customer pays, in proportion",
        "paid_in_full": "the customer has paid everything",
        "started": "the service starts",
    }[tranche.when]
    if tranche.days_after:
        return f"is due {tranche.days_after} days after {event}"
    return f"is due with {event}" if tranche.when == "booked" else f"is due when {event}"


def _by(line: LineFacts, tranche: Tranche) -> str:
    """What has to happen, with its date where that is known."""
    later = f" and {tranche.days_after} days" if tranche.days_after else ""
    since = {"booked": line.booked_on, "started": line.started_on}.get(tranche.when)
    if since is not None:
        return f"on {since + timedelta(days=tranche.days_after)}"
    if tranche.when == "started":
        return f"the start of the service{later}"
    return f"the customer's {'last payment' if tranche.when == 'paid_in_full' else 'payments'}{later}"
