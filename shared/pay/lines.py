"""The lines of pay that a run looks at: which months of whom, their sums, and what payment terms look at in them."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from shared.pay.balances import PayKey
from shared.pay.snapshot import RunSnapshot
from shared.pay.terms.words.release import RELEASE, DatedAmount, LineFacts


def months_wanted(
    snapshot: RunSnapshot, who: frozenset[str], *, open_earners: Iterable[tuple[str, str]]
) -> dict[str, set[str]]:
    """Whose lines of which months: what no run has looked at, what is still held, and all of months that are not closed, of which a run
    that ended within them looked at a part: `open_earners` are the months with whoever earned in them.
    """
    wanted: dict[str, set[str]] = {}
    for (participant, _), fresh in snapshot.unsettled.items():
        for each in fresh:
            if each.kind == "earning":
                wanted.setdefault(each.origin, set()).add(participant)
    for (participant, _), held in snapshot.held.items():
        for whose in held:
            wanted.setdefault(whose.period, set()).add(participant)
    for month, participant in open_earners:
        wanted.setdefault(month, set()).add(participant)
    return {month: mine for month, everybody in wanted.items() if (mine := everybody & who)}


def summed(lines: pl.DataFrame) -> dict[PayKey, int]:
    """The amounts of lines by participant and currency, in minor units."""
    sums = lines.group_by("participant_id", "currency").agg(pl.col("amount").sum())
    return {(who, currency): amount for who, currency, amount in sums.iter_rows()}


def line_facts(snapshot: RunSnapshot, lines: pl.DataFrame) -> dict[PayKey, list[LineFacts]]:
    """The lines of whoever's pay may be held: by their terms, by a hold, or because some of it is."""
    documents = snapshot.terms(snapshot.run.ends)
    everybody = any(each[RELEASE] for each in documents) or any(hold.scope != "participant" for hold in snapshot.holds)
    who = (
        set(snapshot.people)
        if everybody
        else {hold.subject for hold in snapshot.holds} | {who for who, _ in snapshot.held}
    )
    found: dict[PayKey, list[LineFacts]] = {}
    if not who:
        return found
    mine = lines.filter(pl.col("participant_id").is_in(list(who)))
    of_one = mine.group_by(*_ONE_LINE, maintain_order=True).agg(pl.col("amount").sum(), pl.col(_DEAL_FACTS).first())
    for *key, amount, booked_on, deal_amount, payments, refunds, started_on in of_one.iter_rows():
        participant_id, currency, period, component, plan, version, deal_id = key
        paid, given_back = (DatedAmount.all_of(each) for each in (payments, refunds))
        line = (participant_id, period, component, plan, version, deal_id, currency, amount)
        found.setdefault((participant_id, currency), []).append(
            LineFacts(*line, booked_on, deal_amount, paid, given_back, started_on)
        )
    return found


_ONE_LINE = ["participant_id", "currency", "period", "component", "plan", "version", "deal_id"]


_DEAL_FACTS = ["credit_date", "deal_amount", "payments", "refunds", "start_date"]
