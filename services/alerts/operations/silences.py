"""Which silences Alertmanager should hold: one for each alert that somebody has in hand, and none of what is resolved
or was taken up again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from services.alerts.lifecycle.store import Silence
from services.alerts.operations.alertmanager_client import ManagedSilence

RENEWED_FOR: Final = timedelta(hours=1)
"""An acknowledged alert is silent as long as it is acknowledged. Its silence is short and renewed: when this service is
gone, Alertmanager calls again.
"""
_RENEWED_BEFORE: Final = RENEWED_FOR / 2
_SAME: Final = timedelta(seconds=1)
"""Alertmanager keeps instants to the millisecond."""


class Changes(NamedTuple):
    """What Alertmanager is to be asked: silences to make or to give another end, and ids of those to end."""

    put: list[ManagedSilence]
    expire: list[str]


def changes(wanted: Iterable[Silence], held: Iterable[ManagedSilence], *, author: str, now: datetime) -> Changes:
    """What makes the silences that are held those that are wanted. `author` is by whom new ones are."""
    left = list(held)
    put = []
    for silence in wanted:
        fitting = [one for one in left if _alert_of(one) == silence.alert_id and one.labels == silence.labels]
        ends_at = silence.until or now + RENEWED_FOR
        if not fitting:
            comment = f"{silence.alert_id}: {silence.who} has it in hand. {silence.why}".strip()
            made = ManagedSilence(
                labels=silence.labels, starts_at=now, ends_at=ends_at, created_by=author, comment=comment
            )
            put.append(made)
            continue
        kept = max(fitting, key=lambda one: one.ends_at)
        left.remove(kept)
        if silence.until is None:
            too_short = kept.ends_at - now < _RENEWED_BEFORE
        else:
            too_short = abs(kept.ends_at - silence.until) > _SAME
        if too_short:
            put.append(replace(kept, ends_at=ends_at))
    return Changes(put, [one.silence_id for one in left if one.silence_id])


def _alert_of(silence: ManagedSilence) -> str:
    return silence.comment.partition(":")[0]
