"""Why a deal credits nobody or a component pays nothing: the one vocabulary of files, lines, statements, the API and
metrics."""

from __future__ import annotations

from typing import Final, NamedTuple


class Reason(NamedTuple):
    """What a reason says in the middle of a sentence, of `{who}` and of what it is `{about}`.

    `planned` says the plan itself: nothing is missing, and there is nothing to mend.
    """

    says: str
    planned: bool = False


CREDITS_NOBODY: Final = {
    "no_currency": Reason("the deal names no currency and the plans do not share one"),
    "no_amount": Reason("the deal has no amount"),
    "no_close_date": Reason("the deal has no close date"),
    "no_owner": Reason("the deal has neither owner nor splits"),
    "inexact_amount": Reason("an amount has more decimals than its currency"),
    "bad_amount": Reason("an amount is too large or its currency unknown"),
    "bad_value": Reason("a column of the company's own is not what the plan declares: {about}"),
    "unknown_participant": Reason("{who} is not in the roster on the close date"),
    "ambiguous_alias": Reason("{who} is the alias of several participants: {about}"),
    "unknown_manager": Reason("{who}, who manages {about}, is not in the roster on the date of the credit"),
    "participant_left": Reason("{who} is not active on the close date"),
    "no_plan": Reason("{who} is on no plan on the close date"),
    "unknown_plan": Reason("{who} is on plan {about} on the close date, which does not exist"),
    "plan_not_in_force": Reason("{who} is on plan {about}, of which no version is in force on the close date"),
    "plan_quarantined": Reason(
        "{who} is on plan {about}, whose version at the close date is set aside; the deal waits"
    ),
    "other_currency": Reason("{who} is on a plan of another currency than the deal's, {about}"),
    "no_rate": Reason(
        "{who} is not credited by a rule: `exchange` of the plan has no rate for {about} by the credit date"
    ),
    "no_value": Reason("{who} is not credited by a rule: the deal has no {about}, from which it calculates the amount"),
    "no_rule": Reason("{who} is on plan {about}, of which no crediting rule selects the deal"),
    "no_refund_rule": Reason(
        "{who} is on plan {about}, of which no crediting rule selects a deal of a negative amount"
    ),
}
"""Of won deals and of shares of them."""

PAYS_NOTHING: Final = {
    "no_term": Reason("the figure {about} of the participant's own is not in the roster on the last day of the period"),
    "no_quota": Reason("there is no quota above zero for {about} on the last day of the period"),
    "no_category": Reason("the plan has no row for {about} on the last day of the period"),
    "shares_not_whole": Reason("the shares of the pool sum to {about}, not to exactly 100%"),
    "zero_quota": Reason("there is no quota above zero for {about}, which the plan counts as 0%", planned=True),
    "gate_closed": Reason("its condition does not hold: {about}", planned=True),
    "term_is_zero": Reason(
        "the figure {about} of the participant's own is not in the roster, and in a formula counts as 0", planned=True
    ),
    "factor_zero": Reason("what it is multiplied by comes to zero", planned=True),
    "below_threshold": Reason("{about} is below the threshold, under which nothing is paid", planned=True),
    "below_zero": Reason("{about} is below zero, which the plan counts as nothing", planned=True),
    "no_milestone": Reason("{about} has come to no milestone", planned=True),
    "no_prize": Reason("{about} wins no prize", planned=True),
    "no_share": Reason("{about}, by which the pool is divided, is not above zero", planned=True),
    "pool_empty": Reason("there is nothing in the pool", planned=True),
    "comes_to_zero": Reason("what the plan gives for {about} comes to zero", planned=True),
    "limit_reached": Reason("{about} is reached, beyond which nothing more is paid", planned=True),
    "left_in_period": Reason(
        "the plan pays nothing for the period in which somebody leaves, and the last day lies in it", planned=True
    ),
}
"""Of components of a plan, for a participant and a period."""

REASONS: Final = CREDITS_NOBODY | PAYS_NOTHING


def in_words(reason: str, about: str | None, *, who: str | None = None) -> str:
    """A reason in the middle of a sentence."""
    return REASONS[reason].says.format(about=about or "", who=who or "")


def says_who(reason: str) -> bool:
    """Whether it begins with a participant, whose id keeps its case."""
    return REASONS[reason].says.startswith("{who}")
