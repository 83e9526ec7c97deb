"""Every word of a statement, in one place. Amounts come in written already."""

from __future__ import annotations

from typing import Final

from services.payout.statements.facts import Account, PayKind

PAY: Final[dict[PayKind, str]] = {
    "carried_in": "Carried in from earlier runs",
    "earnings": "Earned",
    "prior_period": "Changes to earlier months",
    "hold": "Held back for now",
    "release": "Released from hold",
    "adjustment": "Adjustments",
    "returned": "Paid again",
    "clawback": "Clawed back",
    "dismissal": "Clawbacks dismissed",
    "transfer": "Moved between entities",
    "guarantee": "Topped up to the guarantee",
    "minimum": "Topped up to the minimum payment",
    "forfeit": "Above the maximum payment",
    "draw": "Draw paid in advance",
    "recovery": "Draw recovered",
    "forgiveness": "Draw forgiven",
    "receivable": "Negative balance, recovered later",
    "repayment": "Earlier negative balance recovered",
    "write_off": "Negative balance, borne by the company",
    "carried_forward": "Carried forward to the next run",
    "payment": "Paid now",
}
"""The steps from earned to paid."""

ABOUT: Final[dict[PayKind, str]] = {
    "carried_in": "What earlier runs left unpaid, or paid too much",
    "earnings": "By your plan, deal by deal below",
    "prior_period": "Facts of earlier months changed after those were paid; listed below",
    "hold": "Earned, and paid when it is released; listed below",
    "release": "Held back earlier, paid now; listed below",
    "adjustment": "Entered by a person; listed below with their reasons",
    "returned": "An earlier payment that did not reach you and came back",
    "clawback": "Taken back for deals that did not last; listed below",
    "dismissal": "Deals were lost, and this of their pay stays yours; listed below with the reasons",
    "transfer": "What one entity owed you is now owed by another",
    "guarantee": "Your guaranteed pay, where you earned less",
    "minimum": "The least that is paid, where less was due",
    "forfeit": "The most that is paid for a pay period; what is above it lapses",
    "draw": "To be recovered from later earnings beyond your draw",
    "recovery": "Earlier draws, from what is due to you beyond your draw",
    "forgiveness": "A draw that you keep and that is no longer recovered",
    "receivable": "Less than nothing was due: nothing is taken from you now, later pay makes up for it",
    "repayment": "From what is due to you now",
    "write_off": "Less than nothing was due, and it is not taken from you",
    "carried_forward": "Part of the next run",
    "payment": "",
}
"""What a step means, to a reader who sees it for the first time."""

LISTED: Final[dict[PayKind, tuple[str, str]]] = {
    "prior_period": (
        "Changes to earlier months",
        "A month that was paid is not changed. What its deals earn differently since then is a difference of this run, "
        "under the plan that was in force in that month.",
    ),
    "adjustment": ("Adjustments", "Each was entered by a person, with a reason; another person approves the run."),
    "clawback": (
        "Clawed back",
        "Taken back because a deal was cancelled or not paid within the time that your plan names.",
    ),
    "dismissal": (
        "Clawbacks dismissed",
        "What deals lost and is not taken back: by the age that a deal had when it was lost, or because an approver decided so.",
    ),
    "release": ("Released from hold", "Held back in an earlier run and part of this payment."),
    "forgiveness": (
        "Draw forgiven",
        "You keep it, and it is no longer recovered from your pay. It is no part of this payment.",
    ),
    "hold": ("Held back in this run", "Earned, and not part of this payment yet."),
}
"""The steps whose lines have a table of their own, with its heading and what the reader should know."""

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
    "Everybody who reports to the manager, directly or through others. The manager's own pay is not part of it. Every row adds up to what is "
    "paid; Other is what was carried over, adjusted, topped up, drawn, recovered or limited."
)


TEAM_NOTHING: Final = "Without earnings, pay or holds in this run:"


def title(component: str) -> str:
    """The name of a component as a heading: `new_business` is `New business`."""
    if (known := PLAN_LIMITS.get(component)) is not None:
        return known
    words = component.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def earned_in(month: str) -> str:
    """The heading of a month that this run pays."""
    return f"What you earned in {month}"


def earlier(month: str) -> str:
    """The heading of a month that earlier runs paid."""
    return f"{month}, as it stands now"


def in_other_runs(shown: str, earned: str) -> str:
    """Why the deals do not come to what was earned in this run. Amounts are written already."""
    return f"The deals below come to {shown}; {earned} are earned in this run, the rest is part of other runs."


def deal(deal_id: str, account: str | None) -> str:
    """A deal by its id, and its customer where one is known."""
    return f"{deal_id}, {account}" if account else deal_id


def step(
    kind: PayKind, deal_id: str | None, account: str | None, origin: str | None, component: str | None, reason: str
) -> str:
    """What a single line of the pay is about: `Deal D-9, Acme, of March 2026 was refunded`. `origin` is written already."""
    told = []
    if deal_id is not None:
        told.append(f"Deal {deal(deal_id, account)}")
    if component is not None:
        told.append(title(component))
    if origin is not None:
        told.append(origin)
    about = ", ".join(told)
    if reason and about:
        return f"{about}: {reason}"
    return reason or about or ABOUT[kind]
