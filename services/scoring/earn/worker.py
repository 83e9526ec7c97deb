"""The step that earns: credit differences are added to sums, and the plans are evaluated on the sums."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import polars as pl
from sqlalchemy import Connection

from services.scoring.earn import store
from services.scoring.earn.participant_sums import check_keys, messages, read_changes, updated
from services.scoring.records import cause_of, count_skipped, events
from services.scoring.reference.blame import for_everybody_else
from services.scoring.reference.data import ReferenceData
from services.scoring.reference.store import BY_SCORING, ReferenceDataCache, quarantine
from shared.bounded import Calculating, directly
from shared.contracts import earnings
from shared.contracts.topics import EARNINGS
from shared.kernel.idle_months import Months
from shared.log.port import Stored
from shared.log.step import Outcome

_PROBLEM: Final = '"problem":"[a-z_]+"'
"""A reason in earnings as they are published."""


def earn_step(
    connection: Connection,
    batch: Sequence[Stored],
    *,
    reference: ReferenceDataCache,
    calculating: Calculating = directly,
) -> Outcome:
    """Add credit differences to the sums, evaluate the plans on them, and publish what earnings changed."""
    changes, again = read_changes(stored.record.value or b"" for stored in batch)
    # First the head of roster and plans, then everybody where they are compared, then rows in their order
    # (`store.lock`).
    current = reference.lock(connection)
    if again and current.plans.pays_on_others:
        # Who is paid on others' pay may have no month of their own yet, or lose the last: all months say who they are.
        months_again = store.every_period(connection)
    else:
        months_again = store.periods_of(connection, again)
    pairs = pl.concat([changes.select("participant_id", "period"), months_again]).unique()
    basis = _basis(batch)
    check_keys([*changes["participant_id"], *again], basis)
    months = None
    if current.plans.pay_without_credits or current.plans.grouped:
        store.lock_everyone(connection)
        months = store.months(connection, current.plans)
    people = {*pairs["participant_id"], *basis["participant_id"]}
    earn = partial(_earned, connection, current, calculating=calculating)
    revised = [earn(pairs=pairs, changes=changes, people=people, months=months)]
    if current.plans.pay_without_credits and (after := store.months(connection, current.plans)) != months:
        # A month has begun for the company, or is none any more: those without a credit in it are paid or no longer
        # paid.
        everyone = {*current.roster.assignments["participant_id"]}
        pairs = store.periods_of(connection, sorted(everyone))
        revised.append(earn(pairs=pairs, changes=changes.clear(), people=everyone, months=after))
    event = events(cause_of(batch), earnings.TYPE)
    return Outcome(
        [
            (EARNINGS, event(participant, message, name=name))
            for rows in revised
            for participant, name, message in messages(rows, basis)
        ]
    )


def _earned(
    connection: Connection,
    current: ReferenceData,
    *,
    pairs: pl.DataFrame,
    changes: pl.DataFrame,
    people: set[str],
    months: Months | None,
    calculating: Calculating,
) -> pl.DataFrame:
    """Earn participants and periods anew, and those `reached` from them; gives those whose earnings changed."""
    stored = store.lock(connection, store.reached(connection, pairs, people=people, plans=current.plans))
    # Those who are paid on others' pay, and those between them, need not be among whoever has something stored.
    whole = current.plans.by_month or current.plans.pays_on_others
    roster = current.roster if whole else current.roster.only(people | {*stored["participant_id"]})
    _, after = for_everybody_else(
        current.plans,
        lambda plans: calculating(updated, stored, changes, roster=roster, plans=plans, months=months),
        quarantine=partial(quarantine, connection, by=BY_SCORING),
    )
    altered = after.join(stored, on=after.columns, how="anti", nulls_equal=True)
    store.save(connection, altered)
    problems = altered["earnings"].str.extract_all(_PROBLEM).explode()
    count_skipped(problems.str.slice(len('"problem":"')).str.strip_suffix('"'))
    # Sums may change without the earnings: only a new revision is published.
    return altered.join(stored, on=["participant_id", "period", "revision"], how="anti")


def _basis(batch: Sequence[Stored]) -> pl.DataFrame:
    """participant_id, partition, next: the position after the last of each participant's records in the batch."""
    last = {stored.record.key: (stored.partition.number, stored.position + 1) for stored in batch}
    rows = [(participant, *place) for participant, place in last.items()]
    return pl.DataFrame(rows, schema=["participant_id", "partition", "next"], orient="row")
