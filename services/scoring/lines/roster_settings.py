"""What the roster's facts say from which day until which, and who said so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

import polars as pl

from shared.contracts.roster import EVERYONE
from shared.facts import Facts, set_by

SETTINGS: Final = pl.Schema(
    {
        "participant_id": pl.String(),
        "attribute": pl.String(),
        "day": pl.Date(),
        "value": pl.String(),
        "who": pl.String(),
        "until": pl.Date(),
        "before": pl.String(),
    }
)
"""An attribute is `value` from a day on, until another (null: until further notice); `before` is what it was until that
day.
"""

KINDS: Final = {"quota": "quota", "term": "rate", "score": "score"}
"""What figures of a participant are called where it is said who set them."""
_EARNING: Final = frozenset({"manager", "plan", "position", "territory", "active", "on_leave"})
"""What decides earnings, beside figures. Where a payment goes, such as `payroll_id`, is payout's matter."""

_KEY: Final = ["participant_id", "attribute", "day"]

SentAgain = Mapping[tuple[str, str], Set[str]]
"""By participant and path, who sent a fact in force again that had not been taken when it came."""


def roster_settings(people: Mapping[str, Facts], again: SentAgain) -> pl.DataFrame:
    """The `SETTINGS` that decide earnings, a row for each who had a hand in one."""
    rows = pl.DataFrame(list(_rows(people)), schema=dict.fromkeys([*_KEY, "value", "who"], pl.String()), orient="row")
    timeline = ("participant_id", "attribute")
    # Days are still texts here: written as 2025-03-01, they sort as the days do.
    spans = rows.sort(_KEY).with_columns(
        until=pl.col("day").shift(-1).over(*timeline), before=pl.col("value").shift(1).over(*timeline)
    )
    resent = [(participant, *_split(path), who) for (participant, path), senders in again.items() for who in senders]
    sent = pl.DataFrame(resent, schema=dict.fromkeys([*_KEY, "who"], pl.String()), orient="row")
    also = spans.drop("who").join(sent, on=_KEY).select(spans.columns)
    days = pl.col("day", "until").str.to_date("%Y-%m-%d")
    said = pl.concat([spans, also]).with_columns(days).select(SETTINGS.names())
    # Whoever entered a figure for everyone had a hand in everybody's pay.
    of_everyone = pl.col("participant_id") == EVERYONE
    persons = [who for who in people if who != EVERYONE]
    each = pl.DataFrame({"participant_id": persons}, schema={"participant_id": pl.String()})
    shared = said.filter(of_everyone).drop("participant_id").join(each, how="cross")
    return pl.concat([said.filter(~of_everyone), shared.select(SETTINGS.names())])


def _rows(people: Mapping[str, Facts]) -> Iterator[tuple[Any, ...]]:
    for participant, facts in people.items():
        for path, fact in facts.items():
            attribute, day = _split(path)
            if day and (attribute in _EARNING or "." in attribute):
                # Only names are looked at as values; of a figure it matters who set it, and not how high it is.
                yield participant, attribute, day, fact[0] if isinstance(fact[0], str) else None, set_by(fact)


def _split(path: str) -> tuple[str, str]:
    """Attribute and day of a path such as `2025-07-01/manager`; a path without a day is an attribute that is not
    dated.
    """
    day, slash, attribute = path.partition("/")
    return (attribute, day) if slash else (path, "")
