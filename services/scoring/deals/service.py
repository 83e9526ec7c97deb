"""Deals as they stand: facts, credits, and why a share or a component of them pays nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import polars as pl
from sqlalchemy import Connection

from services.scoring.credit import store as stored_deals
from services.scoring.credit.deals import credits_of, uncredited_of
from services.scoring.deals.schemas import CreditView, DealView, FactView, SkippedView, UncreditedView
from services.scoring.earn import store as stored_sums
from services.scoring.earn.participant_sums import earnings_of
from services.scoring.facts_codec import unpack
from services.scoring.reference.store import ReferenceDataCache
from shared.explanation import RuleSkipped
from shared.kernel import PlanSet


def deals_as_they_stand(
    connection: Connection, reference: ReferenceDataCache, *, deal_ids: Sequence[str]
) -> list[DealView]:
    """Those of the deals that exist, by id."""
    deals = stored_deals.deals(connection, deal_ids)
    credited = credits_of(deals)
    credits: dict[str, list[CreditView]] = defaultdict(list)
    for credit in CreditView.all_of(credited):
        credits[credit.deal_id].append(credit)
    unpaid: dict[str, list[SkippedView]] = defaultdict(list)
    for deal_id, skipped in _unpaid(connection, reference, credited=credited):
        unpaid[deal_id].append(skipped)
    uncredited: dict[str, list[UncreditedView]] = defaultdict(list)
    for share in UncreditedView.all_of(uncredited_of(deals)):
        uncredited[share.deal_id].append(share)
    return [
        DealView(
            deal_id=deal_id,
            version=version,
            facts={path: FactView.of(fact) for path, fact in sorted(unpack(facts).items())},
            credits=credits[deal_id],
            uncredited=uncredited[deal_id],
            unpaid=unpaid[deal_id],
        )
        for deal_id, version, facts in deals.select("deal_id", "version", "facts").iter_rows()
    ]


def _unpaid(
    connection: Connection, reference: ReferenceDataCache, *, credited: pl.DataFrame
) -> Iterator[tuple[str, SkippedView]]:
    """By deal, the components that its credits count for and that pay nothing for a reason."""
    if credited.is_empty():
        return
    months = stored_sums.of_pairs(connection, credited.select("participant_id", "period").unique())
    skipped = earnings_of(months).filter(pl.col("problem").is_not_null())
    if skipped.is_empty():
        return
    keys = ["participant_id", "plan", "version", "period"]
    rules = _rules_by_component(reference.read(connection).plans)
    by_deal = credited.select(*keys, "deal_id", "rule").join(skipped, on=keys)
    seen: set[tuple[str, ...]] = set()
    # A component may be skipped in several fiscal periods of a month, and a deal count for it by several rules: once is
    # enough.
    for row in by_deal.sort("deal_id", *keys, "component").iter_rows(named=True):
        name = (row["deal_id"], row["participant_id"], row["plan"], row["version"], row["component"])
        if name not in seen and row["rule"] in rules.get((row["plan"], row["version"], row["component"]), ()):
            seen.add(name)
            yield (
                row["deal_id"],
                SkippedView(
                    participant_id=row["participant_id"],
                    period=row["period"],
                    component=row["component"],
                    rule_skipped=RuleSkipped.of(row["problem"], row["about"]),
                ),
            )


def _rules_by_component(plans: PlanSet) -> dict[tuple[str, int, str], frozenset[str]]:
    return {
        (plan.plan, plan.version, component.component): frozenset(plan.rules_of(component))
        for plan in plans
        for component in plan.components
    }
