"""What a statement says of deals, reasons and states. Amounts come in written already.

Headings and heads of columns are in `layout`, steps of pay in `shared.pay.steps`, their terms in
`shared.pay.terms.words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.payout.statements.facts import Account, PayKind
from shared.kernel.language.measures import PAY_OF
from shared.pay.steps import STEPS, Listing

_SHOWN: Final = [step for step in STEPS.values() if step.on_statement]

PAY: Final[Mapping[PayKind, str]] = {step.name: step.title for step in _SHOWN} | {"payment": "Paid now"}
"""The steps from earned to paid, in the order in which they are shown."""

ABOUT: Final[Mapping[PayKind, str]] = {step.name: step.about for step in _SHOWN} | {"payment": ""}
"""What a step means, to a reader who sees it for the first time."""

LISTED: Final[Mapping[PayKind, Listing]] = {
    step.name: step.listing
    for step in sorted(_SHOWN, key=lambda step: step.listing.place if step.listing else 0)
    if step.listing
}
"""The steps whose lines have a table of their own."""

ACCOUNT: Final[dict[Account, str]] = {
    "payable": "Due to you and not paid",
    "held": "Held back until released",
    "draw": "Draws to be recovered",
    "clawback": "Clawbacks to be recovered",
}

YEAR: Final = {
    "earned": "Earned this year",
    "adjusted": "Adjustments and limits",
    "guaranteed": "Topped up, and clawbacks, draws and balances that you keep",
    "drawn": "Draws paid in advance",
    "recovered": "Draws recovered",
    "clawed_back": "Clawed back",
    "paid": "Paid",
}
"""The figures of the year by their names in the facts, in the order in which they are shown."""

PLAN_LIMITS: Final = {"plan_minimum": "Minimum of the plan", "plan_maximum": "Maximum of the plan"}

RULES: Final = {
    "opening": "Not by a deal",
    "minimum": "Minimum",
    "maximum": "Maximum",
    "budget": "Budget",
    "limit": "Limit",
    "carry_over": "Carried over",
    "result": "Result",
}
"""Lines of a component that no deal makes."""
PAY_OF_OTHERS: Final = "Pay of others"
"""What lines are called that are of what somebody else is paid."""

WINDOW: Final = {
    "quarter": "It adds up over the quarter; this month pays what the quarter's earning grew by.",
    "half_year": "It adds up over the half-year; this month pays what the half-year's earning grew by.",
    "year": "It adds up over the year; this month pays what the year's earning grew by.",
}

PAYS_NOTHING: Final = "It reaches nothing that pays more."
DRAFT: Final = "Draft: not approved, may still change"
FINAL: Final = "Final"
NOTHING: Final = "Nothing was earned, paid or held in this run."
ROUNDING: Final = (
    "Cents are rounded once, on the total: a line now and then pays a cent more or less than its own product, "
    "and the lines always sum to the earning."
)
EARLIER: Final = (
    "Earlier runs paid this month. It is shown as it is now, because something of it changed or is held; "
    "only the changes and releases listed here are part of this payment."
)
QUESTIONS: Final = "Something is missing or looks wrong? Ask your manager, and name the run and the deal."
TEAM_NOTE: Final = (
    "Everybody who reports to the manager, directly or through others. The manager's own pay is not part of it. "
    "Every row adds up to what is paid; Other is what was carried over, adjusted, topped up, drawn, recovered or "
    "limited."
)

TEAM_NOTHING: Final = "Without earnings, pay or holds in this run:"


def title(component: str) -> str:
    """The name of a component as a heading: `new_business` is `New business`."""
    if (known := PLAN_LIMITS.get(component)) is not None:
        return known
    words = component.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def rule(name: str) -> str:
    """What a line without a deal is by."""
    return PAY_OF_OTHERS if name.startswith(PAY_OF) else RULES.get(name, title(name))


def earned_in(written_month: str) -> str:
    """The heading of a month that this run pays."""
    return f"What you earned in {written_month}"


def earlier(written_month: str) -> str:
    """The heading of a month that earlier runs paid."""
    return f"{written_month}, as it stands now"


def in_other_runs(shown: str, earned: str) -> str:
    """Why the deals do not come to what was earned in this run. Amounts are written already."""
    return f"The deals below come to {shown}; {earned} are earned in this run, the rest is part of other runs."


def deal(deal_id: str, account: str | None) -> str:
    """A deal by its id, and its customer where one is known."""
    return f"{deal_id}, {account}" if account else deal_id


def step(
    kind: PayKind,
    deal_id: str | None,
    *,
    account: str | None,
    origin: str | None,
    component: str | None,
    reason: str,
) -> str:
    """What a single line of the pay is about: `Deal D-9, Acme, of March 2026 was refunded`. `origin` is written
    already.
    """
    named = []
    if deal_id is not None:
        named.append(f"Deal {deal(deal_id, account)}")
    if component is not None:
        named.append(title(component))
    if origin is not None:
        named.append(origin)
    about = ", ".join(named)
    if reason and about:
        return f"{about}: {reason}"
    return reason or about or ABOUT[kind]
