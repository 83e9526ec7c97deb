"""Alerts follow what detection finds and what the clock says: they open, become worse, recover, are suppressed, muted,
re-armed and escalated.

Everything follows from the findings, the journal of each alert, the mutes and `now`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from services.alerts.evaluation.episodes import Episode, Findings, Subject
from services.alerts.lifecycle import acts
from services.alerts.lifecycle.acts import BY_ITSELF, Act
from services.alerts.lifecycle.alert import Alert, Case, Latest, Words
from services.alerts.lifecycle.mutes import Mute, mute_of
from services.alerts.lifecycle.suppression import causes, is_wrong_by_itself
from shared.contracts.alerts import Severity

CLEARLY_WORSE: Final = Decimal(2)
"""Times the deviation that people were last told of. A statistic that adds up grows by itself, and a value moves by
chance: twice as far off, with a higher score, is neither.
"""


HISTORY: Final = timedelta(days=365)
"""What was over so long ago stays as it was told: the years that detection looks at move on, and with them what is
normal, so that it would be found otherwise now.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What moves depend on beside findings: the instant, the mutes that hold then, which KPIs move which, after how
    many hours an alert of a severity is escalated that nobody acknowledges, and how often.
    """

    now: datetime
    mutes: Sequence[Mute] = ()
    caused_by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    escalate_after: Mapping[Severity, int] = field(default_factory=dict)
    levels: int = 0


class Book:
    """The alerts in hand, by subject."""

    def __init__(self, alerts: Iterable[Alert], numbers: Mapping[tuple[str, str], int]) -> None:
        """`numbers` are the highest of a KPI and currency."""
        self._cases: dict[Subject, list[Case]] = defaultdict(list)
        self._numbers = dict(numbers)
        for alert in alerts:
            self._cases[alert.subject].append(Case(alert))

    def of(self, subject: Subject) -> list[Case]:
        """Those of a subject, the oldest first."""
        return sorted(self._cases[subject], key=lambda case: (case.alert.episode.detected_on, case.alert.number))

    def all(self) -> list[Case]:
        """All of them."""
        return [case for cases in self._cases.values() for case in cases]

    def changed(self) -> list[Case]:
        """Those of which something is to be written; what ends before what begins, as one of a subject is open."""
        changed = [case for case in self.all() if case.seen or case.acts]
        return sorted(changed, key=lambda case: (case.alert.unresolved, case.alert.alert_id))

    def open(
        self,
        subject: Subject,
        words: Words,
        *,
        episode: Episode,
        latest: Latest,
        now: datetime,
        labels: Mapping[str, str] | None = None,
        started_at: datetime | None = None,
    ) -> Case:
        """Open the next alert of a subject."""
        key = (subject.kpi, subject.currency)
        self._numbers[key] = self._numbers.get(key, 0) + 1
        # Where nothing is known of now people are told of how it was found.
        deviation = episode.deviation if latest.deviation is None else latest.deviation
        act = Act(number=1, at=now, who=BY_ITSELF, what="opened", as_of=latest.as_of, deviation=deviation)
        case = Case(
            Alert(
                subject=subject,
                number=self._numbers[key],
                words=words,
                episode=episode,
                latest=latest,
                standing=acts.opened(act),
                labels=dict(labels or {}),
                started_at=started_at,
            ),
            begun_with=act,
        )
        self._cases[subject].append(case)
        return case


class Begun(NamedTuple):
    """An episode of which there is no alert yet."""

    subject: Subject
    words: Words
    episode: Episode
    latest: Latest


def follow(book: Book, found: Findings, *, words: Words, has_history: bool, now: datetime) -> list[Begun]:
    """Bring the alerts of a subject in line with all its episodes, as they are known now; those of which there is none
    yet, also where they are over already.

    One that is there no more was corrected away; while nothing is known of now it is held, unless another one goes on
    in its place. What has no history, as the figures of the road, is only seen while it lasts: there no episode means
    that it is over.
    """
    latest = Latest(as_of=found.as_of, value=found.value, expected=found.expected, score=found.score)
    left = book.of(found.subject)
    if not has_history:
        left = [case for case in left if case.alert.going_on]
    new = []
    for episode in found.episodes:
        case = _same(episode, left)
        if case is None:
            new.append(episode)
        else:
            left.remove(case)
            as_told = not has_history or case.alert.standing.answered
            seen = _begun_as_told(episode, case.alert.episode) if as_told else episode
            _go_on(case, seen, latest=latest, settings=words.settings, now=now)
    for case in left:
        if not has_history:
            over = replace(case.alert.episode, recovered_on=found.as_of, recovered_value=found.value)
            _go_on(case, over, latest=latest, settings=words.settings, now=now)
        elif found.holds:
            if case.alert.going_on:
                case.see(case.alert.episode, latest)
        elif case.alert.standing.resolution != "corrected" and not _is_history(case.alert, found.as_of):
            why = "the facts or the settings of the KPI changed: it is not found any more"
            case.add("resolved", now, resolution="corrected", why=why)
    return [Begun(found.subject, words, episode, _as_seen(episode, latest)) for episode in new]


def begin(book: Book, begun: Iterable[Begun], *, now: datetime) -> None:
    """Open an alert of each episode that has none: after those that ended, for one of a subject is open at most, and
    in the order in which they were detected, so that the numbers of alerts do not depend on when one looked.
    """
    for subject, words, episode, latest in sorted(begun, key=lambda one: (one.episode.detected_on, one.subject)):
        case = book.open(subject, words, episode=episode, latest=latest, now=now)
        if episode.recovered_on is not None:
            case.add("resolved", now, resolution="recovered", why=f"over since {episode.recovered_on}")


def settle(book: Book, at: Circumstances) -> None:
    """Suppress, mute, re-arm and escalate, by the alerts as they are now and by the clock."""
    found = causes((case.alert for case in book.all() if case.alert.going_on), at.caused_by)
    for case in book.all():
        if case.alert.unresolved:
            _quieten(case, found.get(case.alert.alert_id), at=at)
            _escalate(case, at)


def _is_history(alert: Alert, as_of: date) -> bool:
    over = alert.episode.recovered_on
    return over is not None and over < as_of - HISTORY


def _same(episode: Episode, cases: Sequence[Case]) -> Case | None:
    """The alert of an episode: of the same date, or else of a time that overlaps, as corrections move dates."""
    for case in cases:
        if case.alert.episode.detected_on == episode.detected_on:
            return case
    alive = [case for case in cases if case.alert.standing.resolution != "corrected"]
    return next((case for case in alive if case.alert.episode.overlaps(episode)), None)


def _begun_as_told(episode: Episode, told: Episode) -> Episode:
    """An episode with the beginning that people were told: of what has no history, which is only seen while it lasts,
    and of what somebody acknowledged or decided about, which then is the one that they did so of.
    """
    return replace(episode, detected_on=told.detected_on, onset=told.onset, value=told.value, expected=told.expected)


def _as_seen(episode: Episode, latest: Latest) -> Latest:
    """Of an episode that is over what was seen at its end."""
    if episode.recovered_on is None:
        return latest
    return Latest(
        as_of=episode.recovered_on, value=episode.recovered_value, expected=episode.expected, score=episode.score
    )


def _go_on(case: Case, episode: Episode, *, latest: Latest, settings: str, now: datetime) -> None:
    was_over = case.alert.episode.recovered_on is not None
    by_others = case.alert.words.settings not in ("", settings)
    case.see(episode, _as_seen(episode, latest), settings=settings)
    standing = case.alert.standing
    if episode.recovered_on is not None:
        if case.alert.unresolved or standing.resolution == "corrected":
            covered = f", never wrong without {standing.suppressed_by}" if standing.suppressed_by else ""
            case.add("resolved", now, resolution="recovered", why=f"over since {episode.recovered_on}{covered}")
    elif standing.resolution == "corrected" or (standing.resolution == "recovered" and was_over):
        why = "the facts or the settings of the KPI changed: it is not over"
        case.add("reopened", now, deviation=latest.deviation, why=why, to=acts.SETTINGS if by_others else None)
    elif _is_worse(case.alert, latest):
        why = f"at least {CLEARLY_WORSE} times as far from what it should be as when people were told last"
        case.add("worse", now, deviation=latest.deviation, why=why)


def _is_worse(alert: Alert, latest: Latest) -> bool:
    told, score = alert.standing.told_deviation, latest.score
    if latest.deviation is None or not told:
        return False
    return latest.deviation >= CLEARLY_WORSE * told and (score is None or score > alert.episode.score)


def _quieten(case: Case, cause: str | None, *, at: Circumstances) -> None:
    """Nobody is told of it while another alert stands for it, a mute holds or somebody snoozed it; when none of these
    holds any more it is re-armed by itself. What another alert stood for stays quiet until its own value is wrong: the
    end of an episode is told late, and both may be over.
    """
    standing = case.alert.standing
    mute = mute_of(case.alert, at.mutes)
    if cause is not None and cause != standing.suppressed_by:
        case.add("suppressed", at.now, to=cause, why=f"{cause} stands for it")
    if mute is not None and standing.muted_by is None:
        case.add("muted", at.now, to=mute.name, why=mute.reason)
    snoozed = standing.snoozed_until is not None and at.now < standing.snoozed_until
    was_quiet = standing.suppressed_by or standing.muted_by or standing.snoozed_until
    covered = standing.suppressed_by is not None and not is_wrong_by_itself(case.alert)
    if was_quiet and cause is None and mute is None and not snoozed and not covered:
        case.add("rearmed", at.now, deviation=case.alert.latest.deviation, why=_what_ended(case.alert))


def _what_ended(alert: Alert) -> str:
    standing = alert.standing
    if standing.suppressed_by is not None:
        return f"{standing.suppressed_by} is over or decided, and this is wrong by itself"
    return f"the mute {standing.muted_by} is over" if standing.muted_by is not None else "the snooze is over"


def _escalate(case: Case, at: Circumstances) -> None:
    standing = case.alert.standing
    hours = at.escalate_after.get(case.alert.words.severity)
    if hours is None or standing.level >= at.levels or standing.state != "open" or standing.told_at is None:
        return
    if at.now >= standing.told_at + timedelta(hours=hours) and not standing.quiet(at.now):
        case.add("escalated", at.now, why=f"nobody has acknowledged it for {hours} hours")
