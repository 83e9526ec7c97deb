"""What credits tell of their deals and participants, for whoever looks at them one by one."""

from __future__ import annotations

import polars as pl

from shared.kernel.language.category_texts import roster_attribute
from shared.kernel.language.credit_columns import TERRITORY
from shared.kernel.language.crediting_rules import CreditingRule
from shared.kernel.language.deal_facts import hexadecimal
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.plan.version import Plan


def column_of_category(name: str) -> str:
    """The column of `credit.assigned` that has a category of participants."""
    return TERRITORY if name == "territory" else roster_attribute(name)


def told_of_credits(plan: Plan, rule: CreditingRule) -> list[str | None]:
    """The columns of which a rule's credits tell, after the one by which they are counted; None where one is not looked
    at."""
    apart = plan.apart
    facts = [name if rule.rule in apart.rules_in_turn else None for name in apart.facts]
    # Deals in turn are priced by where their participant's group stands, also where it adds up other rules.
    of_groups = apart.rules_of_groups | apart.rules_in_turn
    groups = [column_of_category(name) if rule.rule in of_groups else None for name in apart.attributes]
    told_of = [*facts, *groups]
    return told_of if any(told_of) or rule.rule in apart.rules_with_share else []


def with_shares(credits: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """Credits that tell, after everything else, which part of the deal each is, where a plan asks for it."""
    # Not before the parts of a manager or a team were added up: theirs is the part that those below hold together.
    share = pl.concat_str(pl.col("bucket"), pl.lit(","), hexadecimal("share"))
    for plan in plans.holding:
        if rules := sorted(plan.apart.rules_with_share):
            told_so = plan.own_rows & pl.col("rule").is_in(rules)
            credits = credits.with_columns(bucket=pl.when(told_so).then(share).otherwise("bucket"))
    return credits
