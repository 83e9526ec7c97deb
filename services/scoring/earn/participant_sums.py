"""A participant's month: credits summed per rule, and what is earned on the sums. Sums only, whatever the history."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from services.scoring.row_codec import NO_ROWS, decode_rows, encode_objects, encode_rows
from shared.kernel import PlanSet, Roster, measure
from shared.kernel.arithmetic.expressions import narrow, wide
from shared.kernel.idle_months import Months, earn_every_month
from shared.kernel.pay_of_others import pay_credits
from shared.kernel.tables import EARNINGS

_WHO = ["participant_id", "period"]
_SUM = {
    "plan": pl.String(),
    "version": pl.Int64(),
    "rule": pl.String(),
    "currency": pl.String(),
    "bucket": pl.String(),
    "amount": pl.Int64(),
    "deals": pl.Int64(),
    "fiscal": pl.Int32(),
}
_EARNING = [
    *("component", "plan", "version", "fiscal", "amount", "currency"),
    *("measure", "quota", "attainment", "reset", "share", "problem", "about"),
]
_MESSAGE = pl.Struct({"participant_id": pl.String(), "changes": pl.List(pl.Struct({"period": pl.String(), **_SUM}))})

PARTICIPANT_SUMS = pl.Schema(
    {
        "participant_id": pl.String(),
        "period": pl.String(),
        "sums": pl.String(),
        "revision": pl.Int64(),
        "earnings": pl.String(),
    }
)
"""A participant's month as it is stored; `sums` and `earnings` are JSON lists in an order of their own; earnings are
written as they are published.
"""


class NotChanges(ValueError):
    """A message that is no `CreditsChanged`."""


def read_changes(messages: Iterable[bytes]) -> tuple[pl.DataFrame, list[str]]:
    """The changes of some `CreditsChanged` messages, one row each; and who is to earn again without a change.

    Raises:
        NotChanges: a message is none, or lacks something.
    """
    # All messages of a batch at once, in Polars: one by one, reading them would take longer than earning.
    try:
        texts = pl.Series("message", [message.decode() for message in messages], dtype=pl.String)
        read = texts.str.json_decode(_MESSAGE).struct.unnest()
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        raise NotChanges("a message is not JSON of the form of CreditsChanged") from None
    changes = (
        read.filter(pl.col("changes").list.len() > 0)
        .explode("changes")
        .unnest("changes")
        .with_columns(pl.col("bucket").fill_null(""))
    )
    if any(column.has_nulls() for frame in (read, changes) for column in frame):
        raise NotChanges("a message of CreditsChanged lacks something")
    return changes, read.filter(pl.col("changes").list.len() == 0)["participant_id"].to_list()


def updated(
    stored: pl.DataFrame, changes: pl.DataFrame, *, roster: Roster, plans: PlanSet, months: Months | None
) -> pl.DataFrame:
    """The `PARTICIPANT_SUMS` that changes make of those stored: for everyone in either, in order, whether changed or
    not.

    What is stored has all periods that hang together with those of the changes, and the roster the participants of
    both; `months` are the first and the last in which anyone has a credit.

    A revision grows where the earnings changed. A sum without deals and amount is gone: as if it had never been.

    Raises:
        Overflow: a sum is beyond 10^18 minor units.
    """
    sums = _added(stored, changes)
    # From the sums alone, however many credits they are made of: that is why an event costs the same after a year.
    kept = None
    if plans.quarantined.height:  # what the plan paid stays until it may be calculated with again
        kept = earnings_of(stored).join(plans.quarantined, on=["plan", "version"], how="semi").select(EARNINGS.names())
    earned = earn_every_month(measure(sums, plans), roster, plans=plans, months=months, kept=kept)
    if kept is not None:
        earned = pl.concat([earned, kept])
    written = earned.join(plans.resets, on=["plan", "version", "component"], how="left")
    texts = encode_objects(
        written.sort(*_WHO, "component", "plan", "version", "fiscal"), _WHO, columns=_EARNING, name="earnings"
    )
    # Written where there is one: what was written before there was any stays what it is.
    texts = texts.with_columns(pl.col("earnings").str.replace_all(',"reset":null', "", literal=True))
    # A month in which somebody earned stays, also when its sums are gone: whoever booked the earnings learns that they
    # are nothing.
    everyone = pl.concat([stored.select(_WHO), changes.select(_WHO), earned.select(_WHO)]).unique().sort(_WHO)
    was = stored.select(*_WHO, "revision", was="earnings")
    return (
        everyone.join(
            encode_rows(sums, _WHO, columns=list(_SUM), name="sums"), on=_WHO, how="left", maintain_order="left"
        )
        .join(texts, on=_WHO, how="left", maintain_order="left")
        .join(was, on=_WHO, how="left", maintain_order="left")
        .with_columns(pl.col("sums", "earnings", "was").fill_null(NO_ROWS), pl.col("revision").fill_null(0))
        .with_columns(revision=pl.col("revision") + (pl.col("earnings") != pl.col("was")).cast(pl.Int64))
        .select(PARTICIPANT_SUMS.names())
    )


def messages(revised: pl.DataFrame, basis: pl.DataFrame) -> list[tuple[str, str, str]]:
    """Each of the `PARTICIPANT_SUMS` as participant, a name for this revision, and the `EarningsChanged` as JSON.

    `basis` has participant_id, partition and next: up to which position of which partition their credits are counted.
    Who is not in it earns differently because of somebody else.
    """
    head = pl.struct("participant_id", "period", "revision").struct.json_encode().str.head(-1)
    counted = pl.concat_str(pl.lit('"'), "partition", pl.lit('":'), "next").fill_null("")
    message = pl.concat_str(head, pl.lit(',"earnings":'), "earnings", pl.lit(',"basis":{'), counted, pl.lit("}}"))
    name = pl.concat_str("period", pl.lit("/"), "revision")
    rows = revised.join(basis, on="participant_id", how="left").sort(_WHO)
    return list(rows.select("participant_id", name.alias("name"), message.alias("message")).iter_rows())


def earnings_of(stored: pl.DataFrame) -> pl.DataFrame:
    """The earnings of `PARTICIPANT_SUMS`, one row each: participant_id, period, and the columns of `EARNINGS`."""
    kind = pl.List(pl.Struct({name: EARNINGS[name] for name in _EARNING if name in EARNINGS}))
    return (
        stored.select(*_WHO, pl.col("earnings").str.json_decode(kind))
        .explode("earnings")
        .drop_nulls("earnings")
        .unnest("earnings")
    )


def paid_to_others(stored: pl.DataFrame, roster: Roster, *, plans: PlanSet) -> pl.DataFrame:
    """The `PAY_CREDITS` of what is paid on the earnings of `PARTICIPANT_SUMS`, which are those of everyone."""
    return pay_credits(earnings_of(stored).select(EARNINGS.names()), roster, plans=plans)


def check_keys(participants: Iterable[str], basis: pl.DataFrame) -> None:
    """Check that the messages about participants lay under their keys.

    Raises:
        NotChanges: one did not, and its participant would not earn by what it changes.
    """
    if not set(participants) <= set(basis["participant_id"]):
        raise NotChanges("a message of CreditsChanged under the key of another participant")


def sums_of(stored: pl.DataFrame) -> pl.DataFrame:
    """The sums of `PARTICIPANT_SUMS`, one row each: participant_id, period, plan, version, rule, fiscal, currency,
    bucket, amount, deals.
    """
    return decode_rows(stored, _WHO, name="sums", columns=_SUM).with_columns(pl.col("bucket").fill_null(""))


def _added(stored: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    # Differences are added, never sums replaced: that is right in whatever order the messages of a participant come,
    # and how often each is counted is kept by the positions.
    both = pl.concat([sums_of(stored), changes.select(*_WHO, *_SUM)])
    added = both.group_by(*_WHO, "plan", "version", "rule", "fiscal", "currency", "bucket").agg(
        amount=wide("amount").sum(), deals=pl.col("deals").sum()
    )
    return narrow(added, "amount", what="a sum of credits").filter((pl.col("amount") != 0) | (pl.col("deals") != 0))
