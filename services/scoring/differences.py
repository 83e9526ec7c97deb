"""What crediting changed: credits now against credits before, and the sums of the differences per participant."""

from __future__ import annotations

from collections.abc import Set

import polars as pl

from shared.kernel import PlanSet, summed
from shared.kernel.exact import narrow, wide

_SUMMED = ["plan", "version", "rule", "period", "currency", "bucket"]
_ONE = ["period", "participant_id", "deal_id"]


def differences(before: pl.DataFrame, now: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """What the difference between the `CREDITS` that some deals had and those they have adds to each participant's sums.

    Columns participant_id, plan, version, rule, period, currency, bucket, and the differences `amount` (minor units) and `deals`; what
    cancels out is left out.

    Raises:
        Overflow: a sum of differences is beyond 10^18 minor units.
    """
    signed = pl.concat(
        [
            summed(credits, plans).with_columns(sign=pl.lit(sign, dtype=pl.Int64))
            for credits, sign in ((now, 1), (before, -1))
        ]
    )
    sums = signed.group_by("participant_id", *_SUMMED).agg(
        amount=(wide("amount") * wide("sign")).sum(), deals=(pl.col("deals") * pl.col("sign")).sum()
    )
    return narrow(sums, "amount", "the sum of a batch").filter((pl.col("amount") != 0) | (pl.col("deals") != 0))


def lost(before: pl.DataFrame, now: pl.DataFrame, deals: Set[str]) -> pl.DataFrame:
    """period, participant_id and deal_id of the `CREDITS` that some deals had in a month and have no longer."""
    if before.is_empty():  # as it mostly is: the deals are new
        return before.select(_ONE)
    had = before.filter(pl.col("deal_id").is_in(list(deals))).select(_ONE).unique()
    return had.join(now, on=_ONE, how="anti").sort(_ONE)


def messages(changes: pl.DataFrame) -> list[tuple[str, str]]:
    """Each participant with their `CreditsChanged` as JSON."""
    by_participant = (
        changes.sort("participant_id", *_SUMMED)
        .group_by("participant_id", maintain_order=True)
        .agg(changes=pl.struct(*_SUMMED, "amount", "deals"))
    )
    message = pl.struct("participant_id", "changes").struct.json_encode()
    return list(by_participant.select("participant_id", message.alias("message")).iter_rows())
