"""Which alert is only a part or a consequence of another one: people are told of the cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from services.alerts.lifecycle.alert import Alert

NOTHING_IS_KNOWN: Final = frozenset(
    {"event_lag", "fact_age", "EarnestFactsStale", "EarnestKpisStale", "EarnestWorkerStuck", "EarnestServiceAbsent"}
)
"""While one of these is open the figures of the plan are not those of today."""


def causes(alerts: Iterable[Alert], caused_by: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Of every alert that has a common cause with others the alert that stands for it, by their ids.

    Args:
        alerts: all whose episode goes on. A decided one stands for nothing that comes later, but while nothing is
            known what is found of the plan waits, whatever was decided.
        caused_by: of a KPI those KPIs that move it, the likeliest first.
    """
    # The latest first: of two that could stand for each other the one that was detected first does.
    in_order = sorted(alerts, key=lambda alert: (alert.episode.detected_on, alert.number), reverse=True)
    found: dict[str, str] = {}
    for alert in in_order:
        for cause in _candidates(alert, in_order, caused_by=caused_by):
            if alert.alert_id not in _chain(cause.alert_id, found):
                found[alert.alert_id] = cause.alert_id
                break
    return found


def stood_for(alert: Alert, others: Iterable[Alert]) -> list[Alert]:
    """What an alert stands for, and what these stand for."""
    left, found, waiting = [other for other in others if other.alert_id != alert.alert_id], [], [alert]
    while waiting:
        cause = waiting.pop()
        parts = [other for other in left if other.standing.suppressed_by == cause.alert_id]
        left = [other for other in left if other not in parts]
        found += parts
        waiting += parts
    return found


def decided_with(alert: Alert, others: Iterable[Alert]) -> list[Alert]:
    """What is decided with an alert: what it stands for of its own concern, for what is found of the plan while events
    are late is no part of their being late.
    """
    return [part for part in stood_for(alert, others) if part.words.about == alert.words.about]


def is_wrong_by_itself(alert: Alert) -> bool:
    """Whether the last value of an alert is wrong: beyond the threshold, and of a drift nearer to where it was found
    than to what is expected. Of values of many the middle may stay while the ends move: there the score says so.
    """
    episode, latest = alert.episode, alert.latest
    if alert.subject.detector == "prometheus":
        return True  # it fires
    if episode.rule == "distribution":
        return latest.score is not None and latest.score >= 1
    if latest.value is None or latest.expected is None:
        return False
    beyond = latest.value - latest.expected if episode.direction == "up" else latest.expected - latest.value
    least = (episode.deviation or 0) / 2 if alert.subject.detector == "drift" else 0
    return beyond > least


def _candidates(alert: Alert, others: Sequence[Alert], *, caused_by: Mapping[str, Sequence[str]]) -> Iterator[Alert]:
    """What may stand for an alert: first what makes all figures old, then the company as a whole, the other detector of
    the same figure, and what moves the KPI.
    """
    own = alert.subject
    others = [
        other
        for other in others
        if other.alert_id != alert.alert_id and (other.unresolved or other.subject.kpi in NOTHING_IS_KNOWN)
    ]
    if alert.words.about == "plan":
        yield from (other for other in others if other.subject.kpi in NOTHING_IS_KNOWN)
    here = [other for other in others if other.subject.currency in ("", own.currency)]
    if own.dimension:
        yield from (other for other in here if other.subject.kpi == own.kpi and not other.subject.dimension)
    same = (own.kpi, own.currency, own.dimension, own.segment)
    yield from (other for other in here if other.subject[:4] == same and other.subject.detector != own.detector)
    for kpi in caused_by.get(own.kpi, ()):
        for other in here:
            wider = not other.subject.dimension or other.subject[2:4] == own[2:4]
            if other.subject.kpi == kpi and wider:
                yield other


def _chain(alert_id: str, found: Mapping[str, str]) -> Iterator[str]:
    """An alert, what stands for it, what stands for that, and so on."""
    here: str | None = alert_id
    while here is not None:
        yield here
        here = found.get(here)
