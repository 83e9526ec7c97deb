"""Counts and sums over everything."""

from __future__ import annotations

from sqlalchemy import Connection

from services.scoring.store import fetch
from shared.contracts.roster import EVERYONE


def uncredited_by_reason(connection: Connection) -> dict[str, int]:
    """How many deals or shares of deals are not credited, by reason."""
    return dict(fetch(connection, _BY_REASON))


def unpaid_by_reason(connection: Connection) -> dict[str, int]:
    """How many components of a participant's month pay nothing, by reason."""
    return dict(fetch(connection, _UNPAID_BY_REASON))


def counts(connection: Connection) -> tuple[int, int, int]:
    """How many deals, participants and plan versions there are."""
    query = (
        "select (select count(*) from deal), (select count(*) from participant where participant_id <> %s),"
        " (select count(*) from plan_version)"
    )
    [(deals, participants, plan_versions)] = fetch(connection, query, EVERYONE)
    return deals, participants, plan_versions


def totals(connection: Connection) -> list[tuple[str, int, int, int]]:
    """By currency how many credits there are, and in minor units what was credited and earned."""
    # Sums of `numeric` and of `bigint` are `numeric`, which comes as a Decimal.
    return [
        (currency, int(credits), int(credited), int(earned))
        for currency, credits, credited, earned in fetch(connection, _TOTALS)
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
