"""What an alert and one of its acts are to readers of the topic `alerts`, and to people who are notified."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.alerts.evaluation.episodes import QUANTILE, Driver, Rule
from services.alerts.kpis.columns import PERSONAL
from services.alerts.lifecycle.acts import Act
from services.alerts.lifecycle.alert import Alert
from services.alerts.notifications.message import Event, Told, ToldDriver
from shared.contracts.alerts import AlertChanged

ONE_PERSON = "of one person"
"""What stands in messages in the place of a segment that is a person."""
MOST_DRIVERS: Final = 3
_MEASURES_NOTHING: Final[Rule] = "prometheus"


def told_of(alert: Alert, act: Act, *, event: Event, link: str) -> Told:
    """What people are told of an act. Of an alert about one person neither who it is nor the figures, and of no alert
    a driver that is one person: they are near to somebody's pay, and messages go far.
    """
    subject, episode, latest = alert.subject, alert.episode, alert.latest
    measured = episode.rule != _MEASURES_NOTHING
    return Told(
        event_id=f"{alert.alert_id}/{act.number}",
        event=event,
        at=act.at,
        alert_id=alert.alert_id,
        kpi=subject.kpi,
        title=alert.words.title,
        about=alert.words.about,
        severity=alert.words.severity,
        level=alert.standing.level,
        unit=alert.words.unit if measured else None,
        currency=subject.currency or None,
        dimension=subject.dimension or None,
        segment=(ONE_PERSON if alert.personal else subject.segment) or None,
        direction=episode.direction if measured else None,
        rule=episode.rule,
        detected_on=episode.detected_on,
        onset=episode.onset,
        value=None if alert.personal else latest.value,
        expected=None if alert.personal else latest.expected,
        who=act.who,
        why="" if alert.personal else act.why,
        owner=alert.standing.owner,
        resolution=act.resolution,
        action=alert.words.action,
        link=link,
        drivers=() if alert.personal else _leading(episode.drivers),
    )


def _leading(drivers: Sequence[Driver]) -> tuple[ToldDriver, ...]:
    """Those that moved the KPI most where it went, without people, and without quantiles, which are no segments."""
    told = (each for each in drivers if each.dimension not in PERSONAL | {QUANTILE} and each.share > 0)
    most = sorted(told, key=lambda each: -each.share)[:MOST_DRIVERS]
    return tuple(ToldDriver(dimension=each.dimension, segment=each.segment, share=each.share) for each in most)


def changed_by(alert: Alert, act: Act) -> AlertChanged:
    """The message on the road of an act: what happened, and where the alert stands after all acts of the moment."""
    subject, episode, latest, standing = alert.subject, alert.episode, alert.latest, alert.standing
    return AlertChanged(
        alert_id=alert.alert_id,
        kpi=subject.kpi,
        state=standing.state,
        value=episode.value if latest.value is None else latest.value,
        threshold=episode.expected,
        as_of=latest.as_of,
        act=act.number,
        what=act.what,
        at=act.at,
        who=act.who,
        why=act.why,
        resolution=standing.resolution,
        about=alert.words.about,
        severity=alert.words.severity,
        currency=subject.currency or None,
        dimension=subject.dimension or None,
        segment=subject.segment or None,
        detector=subject.detector,
        rule=episode.rule,
        direction=episode.direction,
        score=str(episode.score),
        detected_on=episode.detected_on,
        onset=episode.onset,
        recovered_on=episode.recovered_on,
        owner=standing.owner,
        snoozed_until=standing.snoozed_until,
        suppressed_by=standing.suppressed_by,
        muted_by=standing.muted_by,
        level=standing.level,
    )
