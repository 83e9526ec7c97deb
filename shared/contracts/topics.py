"""The topics of the road: their names, and which of them are compacted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Topic:
    """A named, keyed, partitioned sequence of records. A compacted topic keeps at least the last record of every
    key.
    """

    name: str
    compacted: bool = False

    @property
    def dead_letters(self) -> Topic:
        """Where records of this topic go that could not be processed."""
        return Topic(f"{self.name}.dlq")


def with_dead_letters(topics: Iterable[Topic]) -> list[Topic]:
    """The topics, each followed by that of its dead letters."""
    return [one for topic in topics for one in (topic, topic.dead_letters)]


DELIVERIES: Final = Topic("deliveries")
"""Webhook deliveries, as they were sent, that could not be read whole."""
DEALS: Final = Topic("deals")
ACCOUNT_PAYMENTS: Final = Topic("account_payments")
# Not compacted: a record is a patch of some attributes, and the last one of a participant says nothing of the others.
ROSTER: Final = Topic("roster", compacted=False)
PLANS: Final = Topic("plans", compacted=True)
# From here on nothing is a fact of its own: each is worked out of those above, and could be again.
REALLOCATIONS: Final = Topic("reallocations")
RECREDITS: Final = Topic("recredits")
CREDITS: Final = Topic("credits")
EARNINGS: Final = Topic("earnings")
RUNS: Final = Topic("runs")
ALERTS: Final = Topic("alerts")

ROAD: Final = (
    DELIVERIES,
    DEALS,
    ACCOUNT_PAYMENTS,
    ROSTER,
    PLANS,
    REALLOCATIONS,
    RECREDITS,
    CREDITS,
    EARNINGS,
    RUNS,
    ALERTS,
)
"""Every topic that carries facts; each also has its dead-letter topic."""

PUBLISHED: Final = {
    "ingest": (DELIVERIES, DEALS, ACCOUNT_PAYMENTS, ROSTER, PLANS),
    "scoring": (REALLOCATIONS, RECREDITS, CREDITS, EARNINGS),
    "payout": (RUNS,),
    "alerts": (ALERTS,),
}
"""The topics of each service: on those of another the database lets it publish nothing. What it could not process it
says on the topic's dead letters, and the administrator sends it again.
"""
