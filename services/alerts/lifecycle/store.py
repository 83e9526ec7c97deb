"""The SQL of alerts, their journals and mutes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from services.alerts.evaluation.episodes import Driver, Episode, Incident, Subject
from services.alerts.kpis.columns import PERSONAL
from services.alerts.lifecycle.acts import Act, Standing
from services.alerts.lifecycle.alert import Alert, Case, Latest, Words
from services.alerts.lifecycle.mutes import Mute
from services.alerts.lifecycle.tables import ALERT, ALERT_ACT, MUTE
from shared.contracts.alerts import State

Wanted: TypeAlias = State | Literal["unresolved", "all"]

_WORDS: Final = ("title", "unit", "meaning", "action", "settings")
_DETECTED: Final = ("detected_on", "onset", "direction", "score", "rule", "value", "expected", "recovered_on")
_STANDING: Final = tuple(Standing.__dataclass_fields__)
_ACT: Final = tuple(Act.__dataclass_fields__)
_KEY: Final = (ALERT.c.kpi, ALERT.c.currency, ALERT.c.number)
_GOES_ON: Final = and_(ALERT.c.recovered_on.is_(None), ALERT.c.resolution.is_distinct_from("corrected"))


class Filter(NamedTuple):
    """Which alerts are listed; an empty text is no condition. `of_persons` allows those about one person."""

    state: Wanted = "all"
    kpi: str = ""
    currency: str = ""
    owner: str = ""
    about: str = ""
    severity: str = ""
    dimension: str = ""
    segment: str = ""
    of_persons: bool = True


class Cursor(NamedTuple):
    """Where a page ends: the date that its last alert was detected on, and its id."""

    detected_on: date
    alert_id: str


def lock_alerts(connection: Connection, *, wait: bool = False) -> bool:
    """Whether this transaction may move alerts: one process at a time does. Whoever waits has it in the end."""
    # An advisory lock, for an alert that is to open has no row yet. An evaluation does not wait for it: whoever comes
    # second would find nothing left to move.
    lock = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    answer = connection.execute(text(f"select {lock}(hashtext('earnest.alerts.evaluate'))")).scalar()
    return wait or bool(answer)


def unresolved(connection: Connection) -> list[Alert]:
    """The alerts that are not resolved."""
    return _alerts(connection, ALERT.c.state != "resolved")


def in_hand(connection: Connection, subjects: Iterable[Subject]) -> list[Alert]:
    """All alerts of these subjects, and of any other those that are not resolved or go on."""
    key = tuple_(ALERT.c.kpi, ALERT.c.currency, ALERT.c.dimension, ALERT.c.segment, ALERT.c.detector)
    return _alerts(connection, or_(key.in_(list(subjects)), ALERT.c.state != "resolved", _GOES_ON))


def alert_named(connection: Connection, alert_id: str) -> Alert | None:
    """The alert of an id."""
    return next(iter(_alerts(connection, ALERT.c.alert_id == alert_id)), None)


def page(connection: Connection, wanted: Filter, *, after: Cursor | None = None, limit: int) -> list[Alert]:
    """Alerts that fit, the latest detected first, from behind the cursor on."""
    fits: list[ColumnElement[bool]] = [
        ALERT.c[name] == value
        for name, value in wanted._asdict().items()
        if value and name not in ("state", "of_persons")
    ]
    if not wanted.of_persons:
        fits.append(ALERT.c.dimension.not_in(PERSONAL))
    if wanted.state == "unresolved":
        fits.append(ALERT.c.state != "resolved")
    elif wanted.state != "all":
        fits.append(ALERT.c.state == wanted.state)
    if after is not None:
        fits.append(tuple_(ALERT.c.detected_on, ALERT.c.alert_id) < tuple_(after.detected_on, after.alert_id))
    latest_first = select(ALERT).where(*fits).order_by(ALERT.c.detected_on.desc(), ALERT.c.alert_id.desc())
    return [_alert(row) for row in connection.execute(latest_first.limit(limit)).mappings()]


def of_the_plan(connection: Connection) -> list[Alert]:
    """The alerts about the plan, without those that were corrected away."""
    return _alerts(connection, and_(ALERT.c.about == "plan", ALERT.c.resolution.is_distinct_from("corrected")))


def about_persons(connection: Connection) -> set[str]:
    """The ids of the alerts that are about one person."""
    return set(connection.execute(select(ALERT.c.alert_id).where(ALERT.c.dimension.in_(PERSONAL))).scalars())


def numbers(connection: Connection) -> dict[tuple[str, str], int]:
    """The highest number of an alert by KPI and currency."""
    counted = select(ALERT.c.kpi, ALERT.c.currency, func.max(ALERT.c.number)).group_by(ALERT.c.kpi, ALERT.c.currency)
    return {(kpi, currency): number for kpi, currency, number in connection.execute(counted)}


def journal(connection: Connection, alert_id: str) -> list[Act]:
    """What was done to an alert, in order."""
    of_it = select(ALERT_ACT).where(ALERT_ACT.c.alert_id == alert_id).order_by(ALERT_ACT.c.number)
    return [Act(**{name: row[name] for name in _ACT}) for row in connection.execute(of_it).mappings()]


def save(connection: Connection, cases: Iterable[Case]) -> None:
    """Write alerts that changed, and what was added to their journals, in the order given."""
    for case in cases:
        row = _row(case.alert)
        changes = {name: value for name, value in row.items() if not ALERT.c[name].primary_key}
        connection.execute(insert(ALERT).values(row).on_conflict_do_update(index_elements=_KEY, set_=changes))
        if case.acts:
            entries = [{"alert_id": case.alert.alert_id, **asdict(act)} for act, _ in case.acts]
            connection.execute(insert(ALERT_ACT), entries)


def incidents(connection: Connection) -> dict[Subject, list[Incident]]:
    """By subject the times of alerts that somebody acknowledged or decided about: they are not what is normal, and
    detection does not learn from them.
    """
    explained = or_(ALERT_ACT.c.what == "acknowledged", ALERT_ACT.c.resolution == "decided")
    known_on = func.coalesce(func.min(ALERT_ACT.c.as_of), ALERT.c.detected_on).label("known_on")
    known = (
        select(ALERT, known_on)
        .join(ALERT_ACT, and_(ALERT_ACT.c.alert_id == ALERT.c.alert_id, explained))
        .where(ALERT.c.resolution.is_distinct_from("corrected"))
        .group_by(*ALERT.primary_key)
    )
    spans: dict[Subject, list[Incident]] = {}
    for row in connection.execute(known.order_by(ALERT.c.onset)).mappings():
        incident = Incident(first=row["onset"], last=row["recovered_on"], known_on=row["known_on"])
        spans.setdefault(_subject(row), []).append(incident)
    return spans


def judged(connection: Connection) -> dict[Subject, tuple[int, int]]:
    """By subject how many of its alerts people found useful, and how many not."""
    counts = select(
        ALERT.c.kpi,
        ALERT.c.currency,
        ALERT.c.dimension,
        ALERT.c.segment,
        ALERT.c.detector,
        func.count().filter(ALERT.c.useful).label("yes"),
        func.count().filter(~ALERT.c.useful).label("no"),
    ).where(ALERT.c.useful.is_not(None))
    found = connection.execute(counts.group_by(*ALERT.c["kpi", "currency", "dimension", "segment", "detector"]))
    return {_subject(row): (row["yes"], row["no"]) for row in found.mappings()}


class Silence(NamedTuple):
    """An operational alert that somebody has in hand: the labels by which Alertmanager knows it, until when, and who
    said so and why.
    """

    alert_id: str
    labels: Mapping[str, str]
    until: datetime | None
    who: str
    why: str


def in_somebodys_hands(connection: Connection, now: datetime) -> list[Silence]:
    """The alerts of Prometheus that are snoozed (`until`) or acknowledged (no end of its own) now."""
    held = or_(ALERT.c.state == "acknowledged", ALERT.c.snoozed_until > now)
    silences = []
    for alert in _alerts(connection, and_(ALERT.c.detector == "prometheus", ALERT.c.state != "resolved", held)):
        told = [act for act in journal(connection, alert.alert_id) if act.what in ("acknowledged", "snoozed")]
        last = told[-1]
        until = alert.standing.snoozed_until if alert.standing.quiet(now) else None
        silence = Silence(alert_id=alert.alert_id, labels=alert.labels, until=until, who=last.who, why=last.why)
        silences.append(silence)
    return silences


def mutes(connection: Connection, today: date | None = None) -> list[Mute]:
    """Mutes that are not over on a date, or all; the earliest first."""
    wanted = select(MUTE).order_by(MUTE.c.starts_on, MUTE.c.name)
    if today is not None:
        wanted = wanted.where(or_(MUTE.c.ends_on >= today, MUTE.c.ends_on.is_(None)))
    return [Mute(**{**row, "kpis": tuple(row["kpis"])}) for row in connection.execute(wanted).mappings()]


def save_mute(connection: Connection, mute: Mute) -> None:
    """Write a mute in the place of the one of its name."""
    row = insert(MUTE).values({**asdict(mute), "kpis": list(mute.kpis)})
    changes = {column.name: row.excluded[column.name] for column in MUTE.c if not column.primary_key}
    connection.execute(row.on_conflict_do_update(index_elements=[MUTE.c.name], set_=changes))


def _alerts(connection: Connection, fits: ColumnElement[bool]) -> list[Alert]:
    return [_alert(row) for row in connection.execute(select(ALERT).where(fits).order_by(*_KEY)).mappings()]


def _subject(row: RowMapping) -> Subject:
    return Subject(**{name: row[name] for name in Subject._fields})


def _alert(row: RowMapping) -> Alert:
    drivers = tuple(Driver(**driver) for driver in row["drivers"])
    detected = {name: row[name] for name in (*_DETECTED, "recovered_value")}
    return Alert(
        subject=_subject(row),
        number=row["number"],
        words=Words(about=row["about"], severity=row["severity"], **row["words"]),
        episode=Episode(**detected, drivers=drivers),
        latest=Latest(
            as_of=row["latest_on"],
            value=row["latest_value"],
            expected=row["latest_expected"],
            score=row["latest_score"],
        ),
        standing=Standing(**{name: row[name] for name in _STANDING}),
        labels=row["labels"],
        started_at=row["started_at"],
    )


def _row(alert: Alert) -> dict[str, Any]:
    episode, latest, words = alert.episode, alert.latest, alert.words
    return {
        **alert.subject._asdict(),
        "number": alert.number,
        "alert_id": alert.alert_id,
        "about": words.about,
        "severity": words.severity,
        "words": {name: getattr(words, name) for name in _WORDS},
        "labels": alert.labels,
        "started_at": alert.started_at,
        **{name: getattr(episode, name) for name in (*_DETECTED, "recovered_value")},
        "drivers": [asdict(driver) for driver in episode.drivers],
        "latest_on": latest.as_of,
        "latest_value": latest.value,
        "latest_expected": latest.expected,
        "latest_score": latest.score,
        **asdict(alert.standing),
    }
