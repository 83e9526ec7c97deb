"""Counts and sums over everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from services.scoring.store import fetch


class Totals(NamedTuple):
    """Sums over everything in one currency, in minor units; `credits` are counted, `credited` is their amount."""

    currency: str
    credits: int
    credited: int
    earned: int


def uncredited_by_reason(connection: Connection) -> dict[str, int]:
    """How many deals or shares of deals are not credited, by reason."""
    return dict(fetch(connection, _BY_REASON))


def unpaid_by_reason(connection: Connection) -> dict[str, int]:
    """How many components of a participant's month pay nothing, by reason."""
    return dict(fetch(connection, _UNPAID_BY_REASON))


def counts(connection: Connection) -> tuple[int, int, int]:
    """How many deals, participants and plan versions there are."""
    row: Sequence[Any] = fetch(
        connection,
        "select (select count(*) from deal), (select count(*) from participant), (select count(*) from plan_version)",
    )[0]
    return row[0], row[1], row[2]


def totals(connection: Connection) -> list[Totals]:
    """What all participants were credited and earned, by currency."""
    return [
        Totals(currency, int(n), int(credited), int(earned))
        for currency, n, credited, earned in fetch(connection, _TOTALS)
    ]


_BY_REASON = """
    select u->>1, count(*) from deal cross join lateral jsonb_array_elements(uncredited::jsonb) u
    where uncredited <> '[]' group by 1 order by 1"""

_UNPAID_BY_REASON = """
    select e->>'problem', count(*) from participant_sums cross join lateral jsonb_array_elements(earnings::jsonb) e
    where e->>'problem' is not null group by 1 order by 1"""

_TOTALS = """
    select currency, sum(credits), sum(credited), sum(earned) from (
        select s->>3 as currency, (s->>6)::bigint as credits, (s->>5)::numeric as credited, 0 as earned
        from participant_sums cross join lateral jsonb_array_elements(sums::jsonb) s
        where s->>2 not like '@%%'
        union all
        select e->>'currency', 0, 0, (e->>'amount')::numeric
        from participant_sums cross join lateral jsonb_array_elements(earnings::jsonb) e
    ) amounts group by currency order by currency"""
