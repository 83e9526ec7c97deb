"""The lines of pay that a run looks at: which months of whom, their sums, and what payment terms look at in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from shared.pay.snapshot import PayKey, RunSnapshot
from shared.pay.terms.words.release import RELEASE, DatedAmount, LineFacts
from shared.periods import Month


def months_wanted(
    snapshot: RunSnapshot, who: frozenset[str], *, open_earners: Iterable[tuple[Month, str]]
) -> dict[Month, set[str]]:
    """Whose lines of which months a run has to look at: by month the participants.

    What no run has looked at, what is still held, and everything of months that are not closed, since a run that ended
    within such a month looked at a part of its lines only. `open_earners` are these months with whoever earned in them.
    """
    wanted: dict[Month, set[str]] = {}
    for (participant, _), entries in snapshot.unsettled.items():
        for entry in entries:
            if entry.kind == "earning":
                wanted.setdefault(entry.origin, set()).add(participant)
    for (participant, _), held in snapshot.held.items():
        for line in held:
            wanted.setdefault(line.period, set()).add(participant)
    for month, participant in open_earners:
        wanted.setdefault(month, set()).add(participant)
    return {month: looked_at for month, earners in wanted.items() if (looked_at := earners & who)}


def summed(lines: pl.DataFrame) -> dict[PayKey, int]:
    """The amounts of lines by participant and currency, in minor units."""
    sums = lines.group_by("participant_id", "currency").agg(pl.col("amount").sum())
    return {(who, currency): amount for who, currency, amount in sums.iter_rows()}


def line_facts(snapshot: RunSnapshot, lines: pl.DataFrame) -> dict[PayKey, list[LineFacts]]:
    """The lines of whoever's pay may be held: by their terms, by a hold, or because some of it is.

    A line here is all that a deal earned somebody by a component of a plan version in a month: it is held and released
    as one, whatever rules and tiers made it. Of whoever is paid at once nothing is listed, so that a run of many lines
    without holds stays small.
    """
    documents = snapshot.terms(snapshot.run.ends)
    # Terms that hold, and holds on deals and plans, may concern anybody.
    everybody = any(terms[RELEASE] for terms in documents) or any(
        hold.scope != "participant" for hold in snapshot.holds
    )
    who = (
        set(snapshot.people)
        if everybody
        else {hold.subject for hold in snapshot.holds} | {who for who, _ in snapshot.held}
    )
    facts: dict[PayKey, list[LineFacts]] = {}
    if not who:
        return facts
    theirs = lines.filter(pl.col("participant_id").is_in(list(who)))
    of_one = theirs.group_by(*_ONE_LINE, maintain_order=True).agg(pl.col("amount").sum(), pl.col(_DEAL_FACTS).first())
    for row in of_one.rename({"credit_date": "booked_on", "start_date": "started_on"}).iter_rows(named=True):
        money = {name: DatedAmount.all_of(row[name]) for name in ("payments", "refunds")}
        facts.setdefault((row["participant_id"], row["currency"]), []).append(LineFacts(**row | money))
    return facts


_ONE_LINE: Final = ["participant_id", "currency", "period", "component", "plan", "version", "deal_id"]
_DEAL_FACTS: Final = ["credit_date", "deal_amount", "payments", "refunds", "start_date"]
