"""What became of deals that earn less than they did: scoring knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo


class DealFact(NamedTuple):
    """`since` is where a deal's age begins: its contract's start, or its closing. `lost_on` is its cancellation or last refund; None
    where it is neither cancelled nor refunded. `how` says which it was.
    """

    since: date
    lost_on: date | None
    how: Literal["cancelled", "refunded"] | None = None


class Uncredited(NamedTuple):
    """A share of a won deal that credits nobody, and scoring's word for why; of the whole deal, where no participant is named."""

    deal_id: str
    participant_id: str | None
    reason: str


class KnownDeals(Protocol):
    """Where to ask what became of deals."""

    def facts(self, deals: Sequence[str]) -> dict[str, DealFact]:
        """The facts of deals; one without a closing is absent.

        Raises:
            Unavailable: the source does not answer.
        """
        ...


class DealSource(KnownDeals, Protocol):
    """Where to ask about deals."""

    def uncredited(self, period: str) -> Sequence[Uncredited]:
        """Won deals of a month whose shares do not sum to the whole.

        Raises:
            Unavailable: the source does not answer.
        """
        ...


def deal_fact(facts: Mapping[str, Any], zone: ZoneInfo) -> DealFact | None:
    """What became of a deal, from its facts as scoring shows them: path -> value, occurred_at.

    A deal that is cancelled without a date was cancelled on the day on which that was said.
    """

    def value(path: str) -> Any:
        return facts[path]["value"] if path in facts else None

    since = value("start_date") or value("close_date")
    if since is None:
        return None
    lost = [date.fromisoformat(day) for day in (value("cancel_date"),) if day]
    if not lost and value("stage") in ("cancelled", "lost"):
        lost.append(datetime.fromisoformat(facts["stage"]["occurred_at"]).astimezone(zone).date())
    how: Literal["cancelled", "refunded"] | None = "cancelled" if lost else None
    refunds = [fact["value"] for path, fact in facts.items() if path.startswith("refunds.") and fact["value"]]
    lost += [date.fromisoformat(refund["date"]) for refund in refunds]
    if refunds and how is None:
        how = "refunded"
    return DealFact(date.fromisoformat(since), max(lost, default=None), how)
