"""What the deals of closed months earn now and earned when a run last looked: where a prior-period adjustment comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl
from sqlalchemy import Connection

from services.payout.store import runs
from shared.contracts.lines import each_line, empty

if TYPE_CHECKING:
    from services.payout.runs.world import World

KEY: Final = ["participant_id", "currency", "period", "component", "deal_id"]
RULE_KEY: Final = ["participant_id", "currency", "period", "component", "rule"]


class Corrected(NamedTuple):
    """What closed months that were corrected earn by now, and earned when a run last looked.

    Args:
        deals: deals that earn something else: `KEY`, `amount` (when a run last looked), `amount_now`, `was_there` and `is_there` (whether
            it had a line), and `deal_amount`, `deal_currency`, `refunds` and `shares` as they were when a run last looked; by key.
        others: the same of what no deal earned, with `rule` in place of the deal.
        looked_at: by participant and month the run that last looked; empty where too much changed for what it saw to be told.
    """

    deals: pl.DataFrame
    others: pl.DataFrame
    looked_at: Mapping[tuple[str, str], str]


def changed_deals(connection: Connection, world: World, now: pl.DataFrame) -> Corrected:
    """What became of the deals of corrected closed months. Where nothing was corrected nothing is read.

    Args:
        connection: of the transaction.
        world: where everybody stands.
        now: current lines, narrow, of every month that was corrected.
    """
    before, looked_at = _when_paid(connection, world)
    pairs = pl.DataFrame(list(looked_at), schema={"participant_id": pl.String, "period": pl.String}, orient="row")
    theirs = now.join(pairs, on=pairs.columns, how="semi")  # of some nothing was left when a run last looked
    others = compared(by_rule(before), by_rule(theirs), RULE_KEY)
    return Corrected(compared(by_deal(before, "deal_currency"), by_deal(theirs)), others, looked_at)


def compared(before: pl.DataFrame, after: pl.DataFrame, key: Sequence[str] = tuple(KEY)) -> pl.DataFrame:
    """`Corrected.deals` between two tables `by_deal`, or `Corrected.others` between two `by_rule`."""
    both = before.join(after.select(*key, "amount"), on=list(key), how="full", suffix="_now", coalesce=True)
    both = both.with_columns(was_there=pl.col("amount").is_not_null(), is_there=pl.col("amount_now").is_not_null())
    both = both.with_columns(pl.col("amount", "amount_now").fill_null(0))
    return both.filter(pl.col("amount") != pl.col("amount_now")).sort(key)


def _when_paid(connection: Connection, world: World) -> tuple[pl.DataFrame, dict[tuple[str, str], str]]:
    """The lines that a run last looked at, of whoever's closed months were corrected; and which run that was."""
    wanted: dict[str, set[str]] = {}
    for (who, _), fresh in world.fresh.items():
        for each in fresh:
            if each.kind == "earning" and world.closed is not None and each.origin <= world.closed:
                wanted.setdefault(each.origin, set()).add(who)
    found, looked_at = [_NO_LINES], dict[tuple[str, str], str]()
    for month, missing in sorted(wanted.items()):
        for run_id in runs.runs_that_looked_at(connection, month):
            kept = runs.earned_lines(connection, run_id)
            if kept is None:
                continue
            mine = kept.filter((pl.col("period") == month) & pl.col("participant_id").is_in(list(missing)))
            if mine.height:
                found.append(each_line(mine))
                looked_at.update(((who, month), run_id) for who in mine["participant_id"])
                missing -= set(mine["participant_id"])
            if not missing:
                break
    return pl.concat(found), looked_at


def by_deal(lines: pl.DataFrame, *more: str) -> pl.DataFrame:
    """What each deal earned each participant in a month, its amount and refunds, the participant's shares of it by rule, and what else is
    asked for.
    """
    told = (
        pl.col("deal_amount", "refunds", *more).first(),
        pl.struct("rule", "share").unique(maintain_order=True).alias("shares"),
    )
    return lines.filter(pl.col("deal_id").is_not_null()).group_by(KEY).agg(pl.col("amount").sum(), *told)


def by_rule(lines: pl.DataFrame) -> pl.DataFrame:
    """What each participant earned in a month without a deal, by what earned it."""
    return lines.filter(pl.col("deal_id").is_null()).group_by(RULE_KEY).agg(pl.col("amount").sum())


_NO_LINES: Final = each_line(empty())
