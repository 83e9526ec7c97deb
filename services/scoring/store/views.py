"""What the API reads: rows as they are, and sums over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

import orjson
import polars as pl
from sqlalchemy import Connection

from services.scoring.deals import STORED
from services.scoring.standings import STANDINGS
from services.scoring.store.statements import SPLIT, fetch, lines


class Totals(NamedTuple):
    """Sums over everything in one currency, in minor units; `credits` are counted, `credited` is their amount."""

    currency: str
    credits: int
    credited: int
    earned: int


def deals(connection: Connection, deal_ids: Iterable[str]) -> pl.DataFrame:
    """Those of the deals that exist, as `STORED`, by id."""
    columns = ", ".join(STORED.names())
    rows = fetch(
        connection, f"select {columns} from deal where deal_id = any({SPLIT}) order by deal_id", lines(deal_ids)
    )
    return pl.DataFrame(rows, schema=STORED, orient="row")


def plans(connection: Connection) -> list[str]:
    """The plans that are published, by id."""
    return [plan for (plan,) in fetch(connection, "select distinct plan from plan_version order by 1")]


def taken_back(connection: Connection) -> pl.DataFrame:
    """deal_id and facts of deals of which a payment was ever taken back, by id."""
    rows = fetch(connection, "select deal_id, facts from taken_back join deal using (deal_id) order by deal_id")
    return pl.DataFrame(rows, schema={"deal_id": pl.String(), "facts": pl.String()}, orient="row")


def standings(connection: Connection, participant_id: str, period: str | None) -> pl.DataFrame:
    """A participant's `STANDINGS`, of one period or of all, by period."""
    rows = fetch(
        connection,
        f"""select {", ".join(STANDINGS.names())} from standing
            where participant_id = %s and (%s::text is null or period = %s) order by period""",
        participant_id,
        period,
        period,
    )
    return pl.DataFrame(rows, schema=STANDINGS, orient="row")


def standings_of(connection: Connection, pairs: pl.DataFrame) -> pl.DataFrame:
    """The `STANDINGS` of these participants and periods that exist."""
    rows = fetch(
        connection,
        f"""select {", ".join(STANDINGS.names())} from standing
            where (participant_id, period) in (select * from unnest({SPLIT}, {SPLIT}))""",
        lines(pairs["participant_id"]),
        lines(pairs["period"]),
    )
    return pl.DataFrame(rows, schema=STANDINGS, orient="row")


def is_participant(connection: Connection, participant_id: str) -> bool:
    """Whether the roster or a standing knows the participant."""
    return bool(
        fetch(
            connection,
            """select exists (select 1 from participant where participant_id = %s)
                   or exists (select 1 from standing where participant_id = %s)""",
            participant_id,
            participant_id,
        )[0][0]
    )


def uncredited(
    connection: Connection, after: str, limit: int, reason: str | None, closed: tuple[date, date] | None = None
) -> pl.DataFrame:
    """deal_id and uncredited of deals that credit not everyone they should, in the order of their ids, after an id.

    With `closed` only deals closed from its first to its last day, and those without a close date, which are in no month.
    """
    first, last = closed or (None, None)
    rows = fetch(
        connection, _UNCREDITED, after, reason, f",{orjson.dumps(reason).decode()},", first, first, last, limit
    )
    return pl.DataFrame(rows, schema={"deal_id": pl.String(), "uncredited": pl.String()}, orient="row")


def closing_after(connection: Connection, day: date) -> pl.DataFrame:
    """deal_id and close_date of deals that close after a day."""
    rows = fetch(connection, "select deal_id, close_date from deal where close_date > %s", day)
    return pl.DataFrame(rows, schema={"deal_id": pl.String(), "close_date": pl.Date()}, orient="row")


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
    """Sums over all standings, by currency."""
    return [
        Totals(currency, int(n), int(credited), int(earned))
        for currency, n, credited, earned in fetch(connection, _TOTALS)
    ]


_UNCREDITED = """
    select deal_id, uncredited from deal
    where uncredited <> '[]' and deal_id > %s and (%s::text is null or strpos(uncredited, %s) > 0)
      and (%s::date is null or close_date is null or close_date between %s and %s)
    order by deal_id limit %s"""

_BY_REASON = """
    select u->>1, count(*) from deal cross join lateral jsonb_array_elements(uncredited::jsonb) u
    where uncredited <> '[]' group by 1 order by 1"""

_UNPAID_BY_REASON = """
    select e->>'problem', count(*) from standing cross join lateral jsonb_array_elements(earnings::jsonb) e
    where e->>'problem' is not null group by 1 order by 1"""

_TOTALS = """
    select currency, sum(credits), sum(credited), sum(earned) from (
        select s->>3 as currency, (s->>6)::bigint as credits, (s->>5)::numeric as credited, 0 as earned
        from standing cross join lateral jsonb_array_elements(sums::jsonb) s
        where s->>2 not like '@%%'
        union all
        select e->>'currency', 0, 0, (e->>'amount')::numeric
        from standing cross join lateral jsonb_array_elements(earnings::jsonb) e
    ) each group by currency order by currency"""
