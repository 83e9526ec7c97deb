"""What crediting changed: credits now against credits before, and the sums of the differences per participant."""

from __future__ import annotations

import polars as pl

from shared.kernel import PlanSet, summed
from shared.kernel.arithmetic.expressions import narrow, wide

_SUMMED = ["plan", "version", "rule", "period", "fiscal", "currency", "bucket"]
_ONE = ["period", "participant_id", "deal_id"]


def differences(before: pl.DataFrame, now: pl.DataFrame, *, plans: PlanSet) -> pl.DataFrame:
    """What the difference between the `CREDITS` that some deals had and those they have adds to each participant's
    sums.

    Columns participant_id, plan, version, rule, period, fiscal, currency, bucket, and the differences `amount` (minor
    units) and `deals`; what cancels out is left out.

    Raises:
        Overflow: a sum of differences is beyond 10^18 minor units.
    """
    # Both sides summed and subtracted, and not compared row by row: what a plan sums may be the same although credits
    # differ.
    signed = pl.concat(
        [
            summed(credits, plans).with_columns(sign=pl.lit(sign, dtype=pl.Int64))
            for credits, sign in ((now, 1), (before, -1))
        ]
    )
    # In wide numbers, so that sums on the way may be larger than what comes out.
    sums = signed.group_by("participant_id", *_SUMMED).agg(
        amount=(wide("amount") * wide("sign")).sum(), deals=(pl.col("deals") * pl.col("sign")).sum()
    )
    return narrow(sums, "amount", what="the sum of a batch").filter((pl.col("amount") != 0) | (pl.col("deals") != 0))


def lost(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """period, participant_id and deal_id of the `CREDITS` that some deals had in a month and have no longer."""
    if before.is_empty():  # as it mostly is: the deals are new
        return before.select(_ONE)
    return before.select(_ONE).unique().join(now, on=_ONE, how="anti").sort(_ONE)


def lost_holders(lost: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """period, participant_id and holder of deals that are `lost`, as they were `stored` (deal_id, owner, sharers); not
    of one's own.
    """
    deals = stored.select("deal_id", "owner", "sharers").join(lost, on="deal_id")
    shared = deals.drop_nulls("sharers").explode("sharers")
    key = ("period", "participant_id")
    holders = pl.concat([deals.select(*key, holder="owner"), shared.select(*key, holder="sharers")]).drop_nulls()
    return holders.filter(pl.col("holder") != pl.col("participant_id")).unique().sort(*key, "holder")


def messages(changes: pl.DataFrame) -> list[tuple[str, str]]:
    """Each participant with their `CreditsChanged` as JSON."""
    by_participant = (
        changes.sort("participant_id", *_SUMMED)
        .group_by("participant_id", maintain_order=True)
        .agg(changes=pl.struct(*_SUMMED, "amount", "deals"))
    )
    message = pl.struct("participant_id", "changes").struct.json_encode()
    return list(by_participant.select("participant_id", message.alias("message")).iter_rows())
