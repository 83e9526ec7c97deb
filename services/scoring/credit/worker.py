"""The step that credits: patches are merged into deals, and the deals that changed, or are asked for again, are
credited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import polars as pl
from sqlalchemy import Connection

from services.scoring.credit import store
from services.scoring.credit.deals import accounts_of, as_stored, credits_of, due_deals, taken_back, uncredited_of
from services.scoring.credit.differences import differences, lost, lost_holders, messages
from services.scoring.records import cause_of, count_skipped, events, reallocations
from services.scoring.reference.blame import for_everybody_else
from services.scoring.reference.store import BY_SCORING, ReferenceDataCache, quarantine
from shared.bounded import Calculating, directly
from shared.contracts import credits
from shared.contracts.deals import DealFact
from shared.contracts.topics import CREDITS, DEALS, RECREDITS
from shared.kernel import Credited, PlanSet, Roster, credit
from shared.kernel.crediting.aliases import with_participants
from shared.kernel.crediting.deals import values_table
from shared.log.port import Stored
from shared.log.step import Outcome, Rejection, decoded


def credit_step(
    connection: Connection,
    batch: Sequence[Stored],
    *,
    reference: ReferenceDataCache,
    calculating: Calculating = directly,
) -> Outcome:
    """Merge patches into deals, credit those that changed and those asked for again, and publish what that changed."""
    rejections: list[Rejection] = []
    patches = [fact for _, fact in decoded(batch, DealFact, topic=DEALS, rejections=rejections)]
    asked = decoded(batch, credits.Recredit, topic=RECREDITS, rejections=rejections)
    again = {deal for _, message in asked for deal in message.deal_ids}
    # First the head of roster and plans, then deals by their ids: so steps side by side never wait in a circle.
    current = reference.lock(connection)
    stored = store.lock(connection, again | {patch.deal_id for patch in patches})
    due = due_deals(stored, patches, again=again)
    if not due:
        return Outcome(rejections=rejections)
    values = {deal_id: deal.values for deal_id, deal in due.items()}
    plans, (deals, credited) = for_everybody_else(
        current.plans,
        lambda plans: calculating(_credited, values, current.roster, plans=plans),
        quarantine=partial(quarantine, connection, by=BY_SCORING),
    )
    before = credits_of(stored.filter(pl.col("deal_id").is_in(list(due))))
    if plans.quarantined.height:  # what the plan credited stays until it may be calculated with again
        kept = before.join(plans.quarantined, on=["plan", "version"], how="semi")
        credited = Credited(pl.concat([credited.credits, kept]), credited.uncredited)
    after = as_stored(due, deals, credited=credited, named=plans.participant_columns)
    # The version grows with every change of the facts: a deal that equals in it and credits as before is not written.
    altered = after.join(stored, on=["deal_id", "version", "credits", "uncredited"], how="anti")
    accounts, moved = accounts_of(stored, altered, patched=[patch.deal_id for patch in patches])
    if moved:
        store.save_moved(connection, moved)
    store.save(connection, altered)
    paying = store.accounts_with_payments(connection, accounts) if accounts else []
    count_skipped(uncredited_of(altered)["reason"])
    _remember(connection, stored, patches=patches, gone=lost(before, credited.credits))
    # The difference, and not the credits: whoever sums them needs no history, and a deal credited again to the same
    # adds nothing.
    changes = differences(before, credited.credits, plans=plans)
    event = events(cause_of(batch), credits.TYPE)
    published = [(CREDITS, event(participant, message)) for participant, message in messages(changes)]
    return Outcome([*published, *reallocations(paying, cause=cause_of(batch))], rejections)


def _remember(connection: Connection, stored: pl.DataFrame, *, patches: Sequence[DealFact], gone: pl.DataFrame) -> None:
    """Keep what current facts do not say any more: whom a deal credited, and that a payment of it was taken back."""
    # Only facts of the deal itself take it away from somebody: where roster or plans do, they say who set them.
    patched = pl.col("deal_id").is_in([patch.deal_id for patch in patches])
    store.save_lost(connection, gone.filter(patched), holders=lost_holders(gone, stored))
    store.save_taken_back(connection, taken_back(stored, patches))


def _credited(
    values: Mapping[str, Mapping[str, Any]], roster: Roster, *, plans: PlanSet
) -> tuple[pl.DataFrame, Credited]:
    """The `DEALS` of values by deal and path, held by participants of the roster, and what they credit."""
    # A function of the module, so that it can be called in a bounded process too.
    deals = values_table(values.items(), plans.deal_columns)
    return with_participants(deals, roster, plans=plans), credit(deals, roster, plans=plans)
