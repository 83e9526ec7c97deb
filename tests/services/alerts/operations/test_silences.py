"""Which silences Alertmanager should hold: those of alerts that somebody has in hand, for as long as they have."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.alerts.lifecycle.store import Silence
from services.alerts.operations.alertmanager_client import ManagedSilence
from services.alerts.operations.silences import RENEWED_FOR, changes

NOW = datetime(2025, 3, 14, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
AUTHOR = "Earnest"


def wanted(number: int = 1, until: datetime | None = None) -> Silence:
    labels = {"alertname": "EarnestInstanceDown", "job": f"job {number}"}
    return Silence(alert_id=f"EarnestInstanceDown.{number}", labels=labels, until=until, who="olga", why="Restarting.")


def after(held: list[ManagedSilence], asked: list[Silence], now: datetime) -> list[ManagedSilence]:
    """What Alertmanager holds once it was asked, with an id for what is new; what has ended is gone."""
    put, expire = changes(asked, held, author=AUTHOR, now=now)
    left = {one.silence_id: one for one in held if one.silence_id not in expire}
    for silence in put:
        silence = silence if silence.silence_id else replace(silence, silence_id=f"new {silence.comment} {now}")
        left[silence.silence_id] = silence
    return [one for one in left.values() if one.ends_at > now]


def test_an_alert_in_hand_is_silenced_by_its_labels_in_the_name_of_who_has_it() -> None:
    [made] = after([], [wanted()], NOW)
    assert made.labels == wanted().labels
    assert made.comment == "EarnestInstanceDown.1: olga has it in hand. Restarting."
    assert made.ends_at == NOW + RENEWED_FOR


def test_the_silence_of_an_acknowledged_alert_is_renewed_and_ends_by_itself_when_nobody_does() -> None:
    held = after([], [wanted()], NOW)
    assert after(held, [wanted()], NOW + HOUR / 4) == held, "it is long enough"
    [renewed] = after(held, [wanted()], NOW + 3 * HOUR / 4)
    assert renewed == replace(held[0], ends_at=NOW + 3 * HOUR / 4 + RENEWED_FOR)


def test_a_snoozed_alert_is_silent_until_its_snooze_ends() -> None:
    until = NOW + 5 * HOUR
    [made] = after([], [wanted(until=until)], NOW)
    assert made.ends_at == until
    assert after([made], [wanted(until=until)], NOW + HOUR) == [made]
    [longer] = after([made], [wanted(until=until + HOUR)], NOW + HOUR)
    assert (longer.silence_id, longer.ends_at) == (made.silence_id, until + HOUR)


def test_what_nobody_has_in_hand_any_more_and_what_is_there_twice_is_ended() -> None:
    held = after([], [wanted(1), wanted(2)], NOW)
    assert after(held, [wanted(2)], NOW + HOUR / 4) == [held[1]]
    twice = [*held, replace(held[0], silence_id="of another process")]
    assert len(after(twice, [wanted(1), wanted(2)], NOW + HOUR / 4)) == len(held)


instants = st.integers(0, 240).map(lambda minutes: NOW + timedelta(minutes=minutes))
asked = st.dictionaries(st.integers(1, 4), st.none() | instants, max_size=4)


@given(asked, asked, instants)
def test_once_it_was_asked_nothing_more_is_to_be_asked(
    first: dict[int, datetime | None], second: dict[int, datetime | None], now: datetime
) -> None:
    """Whatever was there before: then exactly the alerts in hand are silent."""
    held = after([], [wanted(number, until) for number, until in first.items() if until is None or until > NOW], NOW)
    held = [one for one in held if one.ends_at > now]
    in_hand = [wanted(number, until) for number, until in second.items() if until is None or until > now]
    held = after(held, in_hand, now)
    assert changes(in_hand, held, author=AUTHOR, now=now) == ([], [])
    assert sorted(one.comment.split(":")[0] for one in held) == sorted(one.alert_id for one in in_hand)
