"""Everything earned, line by line, as runs last looked at it: what accounting for contract costs rests on."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import polars as pl
from sqlalchemy import Connection

from services.payout.contract_costs.earned_lines import costs_of, lines_of
from services.payout.roster.store import people
from services.payout.runs import store_record
from shared.contract_costs.facts import CostLine
from shared.contracts.lines import empty
from shared.periods import Month, last_day


def costs(connection: Connection, period: Month) -> Iterable[CostLine]:
    """The costs of contracts in what was earned up to a month, as far as approved runs have looked at it."""
    known = people(connection)

    @cache
    def entity_of(participant_id: str, month: Month) -> str:
        return known[participant_id].at(last_day(month)).entity if participant_id in known else ""

    return costs_of(lines_of(_last_looked_at(connection, period), entity_of))


def _last_looked_at(connection: Connection, through: Month) -> pl.DataFrame:
    """A row per participant and month up to a month, from the latest run that looked at it."""
    latest = store_record.last_looked_at(
        store_record.runs_that_looked_at(connection),
        lambda run: store_record.earned_lines(connection, run, column="lines").filter(pl.col("period") <= through),
    )
    return pl.concat([empty().select(*store_record.EARNER, "lines"), *(lines for _, lines in latest)])
