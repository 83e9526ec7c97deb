"""What the deals of closed months earn now and earned when a run last looked: where a prior-period adjustment comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl
from sqlalchemy import Connection

from services.payout.runs import store as runs
from shared.contracts.lines import each_line, empty
from shared.pay.deals_changed import RULE_KEY, Corrected, by_deal, by_rule, compared

if TYPE_CHECKING:
    from shared.pay.snapshot import RunSnapshot


def changed_deals(connection: Connection, snapshot: RunSnapshot, now: pl.DataFrame) -> Corrected:
    """What became of the deals of corrected closed months. Where nothing was corrected nothing is read.

    Args:
        connection: of the transaction.
        snapshot: where everybody stands.
        now: current lines, narrow, of every month that was corrected.
    """
    before, looked_at = _when_paid(connection, snapshot)
    pairs = pl.DataFrame(list(looked_at), schema={"participant_id": pl.String, "period": pl.String}, orient="row")
    theirs = now.join(pairs, on=pairs.columns, how="semi")  # of some nothing was left when a run last looked
    others = compared(by_rule(before), by_rule(theirs), RULE_KEY)
    return Corrected(compared(by_deal(before, "deal_currency"), by_deal(theirs)), others, looked_at)


def _when_paid(connection: Connection, snapshot: RunSnapshot) -> tuple[pl.DataFrame, dict[tuple[str, str], str]]:
    """The lines that a run last looked at, of whoever's closed months were corrected; and which run that was."""
    wanted: dict[str, set[str]] = {}
    for (who, _), fresh in snapshot.unsettled.items():
        for each in fresh:
            if each.kind == "earning" and snapshot.closed is not None and each.origin <= snapshot.closed:
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


_NO_LINES: Final = each_line(empty())
