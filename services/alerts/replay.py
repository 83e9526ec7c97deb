"""The alerts that the log gives, date by date, beside those that the running service holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from services.alerts.evaluation.episodes import Episode, Findings, Subject
from services.alerts.evaluation.evaluator import plan_readings
from services.alerts.kpis import Catalogue
from services.alerts.lifecycle import store as alerts
from services.alerts.lifecycle.alert import Alert
from services.alerts.rollups import store
from services.alerts.rollups.worker import WORKER
from services.alerts.verify import count_again
from shared.database import scratch_schema
from shared.log.port import Log

_Dated: TypeAlias = tuple[date, Subject]
"""An alert, by the date that it was detected on."""


class Move(NamedTuple):
    """An alert that opens or closes on a business date."""

    day: date
    what: Literal["opened", "closed"]
    subject: Subject
    episode: Episode


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What the log gives from one date to another; `as_of` is the latest business date in it, None without one."""

    first: date
    last: date
    as_of: date | None
    findings: Sequence[Findings]

    @property
    def moves(self) -> list[Move]:
        """What opens and closes, in order."""
        return sorted(
            (move for move in self._moves() if self.first <= move.day <= self.last),
            key=lambda move: (move.day, move.what, move.subject),
        )

    def _moves(self) -> Iterator[Move]:
        for found in self.findings:
            for episode in found.episodes:
                yield Move(episode.detected_on, "opened", found.subject, episode)
                if episode.recovered_on is not None:
                    yield Move(episode.recovered_on, "closed", found.subject, episode)


class Compared(NamedTuple):
    """Sentences about the alerts of a replay: `differences` are those that the log or the service has alone, and
    `not_compared` those that the service holds without the log, of subjects of which nothing is known now.
    """

    differences: list[str]
    not_compared: list[str]


def replay(engine: Engine, log: Log, *, catalogue: Catalogue, zone: ZoneInfo, first: date, last: date) -> Replay:
    """Count the log again in a schema of its own, as far as the live worker was, and find all alerts in it.

    What is told of a date rests on no later one, so that the dates need not be walked one by one. The accepted
    false alarms are those of all series there are now, as in the running service.

    Raises:
        LogUnavailable: the log cannot be reached.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        reached, apart = store.positions(connection, WORKER), store.set_aside(connection, WORKER)
        incidents = alerts.incidents(connection)
    with (
        scratch_schema(engine, "alerts", package="services.alerts") as (again, _),
        again.connect() as connection,
    ):
        count_again(again, log, catalogue=catalogue, reached=reached, apart=apart)
        as_of, readings = plan_readings(connection, catalogue, zone=zone, incidents=incidents)
    findings = [found for reading in readings for found in reading.findings]
    return Replay(first=first, last=last, as_of=as_of, findings=findings)


def compared(engine: Engine, replayed: Replay) -> Compared:
    """The alerts that the log gives beside those that the running service holds."""
    given, held = _given(replayed), _held(engine, replayed)
    known = {found.subject for found in replayed.findings if not found.holds}
    comparable = {each for each in held if each[1] in known}
    return Compared(
        differences=[
            *_told(given - held, "the log gives an alert that the service does not hold"),
            *_told(comparable - given, "the service holds an alert that the log does not give"),
        ],
        not_compared=[
            *_told(held - given - comparable, "not compared: held as it was, for nothing is known of it now")
        ],
    )


def _given(replayed: Replay) -> set[_Dated]:
    return {(move.day, move.subject) for move in replayed.moves if move.what == "opened"}


def _as_given(alert: Alert, found: Sequence[Episode]) -> date:
    """When an alert was detected. What somebody answered keeps the date that people were told: of it, the date on which
    the log gives the same episode.
    """
    mine = alert.episode
    if alert.standing.answered and all(each.detected_on != mine.detected_on for each in found):
        return next((each.detected_on for each in found if mine.overlaps(each)), mine.detected_on)
    return mine.detected_on


def _held(engine: Engine, replayed: Replay) -> set[_Dated]:
    with engine.connect() as connection:
        held = alerts.of_the_plan(connection)
    episodes = {found.subject: found.episodes for found in replayed.findings}
    dated = {(_as_given(alert, episodes.get(alert.subject, ())), alert.subject) for alert in held}
    return {each for each in dated if replayed.first <= each[0] <= replayed.last}


def in_words(subject: Subject) -> str:
    """A subject as people read it: `average_discount EUR, territory west (drift)`."""
    whole = f"{subject.kpi} {subject.currency}".rstrip()
    part = f", {subject.dimension} {subject.segment}" if subject.dimension else ""
    return f"{whole}{part} ({subject.detector})"


def _told(alerts: Iterable[tuple[date, Subject]], what: str) -> Iterator[str]:
    for day, subject in sorted(alerts):
        yield f"{day} {in_words(subject)}: {what}"
