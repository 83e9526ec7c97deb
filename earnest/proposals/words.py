"""Proposals in sentences, as the service tells them: what each would have cost, what was decided, how far it came."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from earnest.hints import as_called
from shared.drift.words import Naming
from shared.formatting import amount, counted
from shared.periods import first_day, month_number

YEAR: Final = 12
"""Months."""


def story(proposal: dict[str, Any], *, alert: dict[str, Any]) -> Iterator[str]:
    """A proposal in sentences."""
    effect = proposal["effect"]
    yield f"{proposal['proposal_id']}, {plans_of(proposal)}: {' '.join(proposal['words'])}"
    yield f"  Cause: {proposal['cause']} ({proposal['source']})"
    if effect is None:
        yield "  What it changes of few people's pay is told to those who may read earnings."
        return
    yield f"  {_cost(effect)}: {effect['gain']} gain, {effect['lose']} lose, {effect['same']} stay the same."
    yield from (f"  {line}" for line in _run_rate(effect, onset=alert["onset"]))
    changes = ", ".join(f"p{each} {amount(Decimal(effect[f'change_p{each}']))}" for each in (10, 50, 90))
    yield f"  Of those whose pay it changes, by: {changes}."
    kpi = effect["figures"].get(alert["kpi"])
    if kpi is not None:
        naming = Naming(title=alert["title"], unit=alert["unit"], currency=alert["currency"] or "")
        before_after = float(kpi["before"]), float(kpi["after"])
        was, now = (
            naming.figure(each, beside=other) for each, other in zip(before_after, before_after[::-1], strict=True)
        )
        segment = f" of {alert['dimension']} {alert['segment']}" if alert["segment"] else ""
        stays = "stays as it was" if was == now else f"would have been {now} instead of {was}"
        yield f"  {alert['title']}{segment} {stays}."
    yield f"  {proposal['behaviour']}"
    yield f"  To hold from {proposal['effective_from']}: {', '.join(each['file'] for each in proposal['files'])}"
    yield as_called(f"  The same figures, for everyone: {proposal['verify']}")


def plans_of(proposal: dict[str, Any]) -> str:
    """The plans that it changes."""
    return ", ".join(plan.partition("@")[0] for plan in proposal["plans"])


def _cost(effect: dict[str, Any]) -> str:
    """What it would have cost, over which months; less than twelve are no year, and are not called one."""
    months = 1 + month_number(first_day(effect["last"])) - month_number(first_day(effect["first"]))
    short = "" if months == YEAR else f" ({counted(months, 'month')}: no whole year is known)"
    before, after = Decimal(effect["cost_before"]), Decimal(effect["cost_after"])
    return (
        f"{effect['first']} to {effect['last']}{short} would have cost {amount(after)} instead of {amount(before)} "
        f"{effect['currency']}{_share(before, after)}"
    )


def _run_rate(effect: dict[str, Any], *, onset: str) -> Iterator[str]:
    """What it would cost since the KPI changed, and in the last month: a year has months of before in it."""
    months = effect["months"]
    since = [month for month in months if month["month"] >= onset[:7]]
    spans = [(f"Since {onset[:7]}, when the KPI changed", since)] if 1 < len(since) < len(months) else []
    spans += [(f"In {months[-1]['month']} alone", months[-1:])] if len(months) > 1 else []
    for words, of in spans:
        before, after = (
            sum((Decimal(month[name]) for month in of), Decimal(0)) for name in ("cost_before", "cost_after")
        )
        yield f"{words}: {amount(after)} instead of {amount(before)}{_share(before, after)}."


def _share(before: Decimal, after: Decimal) -> str:
    return f", {100 * (after - before) / before:+.1f}%" if before else ""


def decision(proposal: dict[str, Any]) -> Iterator[str]:
    """What was decided, and how far it has come since."""
    stage = proposal["stage"]
    if proposal["decision"] is None:
        yield f"retired: {proposal['retired_by']} was accepted" if stage == "retired" else "none yet"
        return
    yield f"{proposal['decision']} by {proposal['decided_by']}: {proposal['reason']}"
    if stage == "not published":
        drafts = any(each["plan"] for each in proposal["files"])
        yield "Draft not published yet." if drafts else "Quotas not loaded yet."
    elif proposal["holds_from"] is not None:
        yield f"{'Published, to hold' if stage == 'published' else 'In force'} from {proposal['holds_from']}."
    later = proposal.get("later_effect")
    if later is not None:
        yield from _later(later)


def _later(later: dict[str, Any]) -> Iterator[str]:
    """What became of the KPI, with what may be said of it and what not."""
    if later["pairs"] == 0:
        yield "Nothing is over yet since it holds."
        return
    interval = f", 95% {later['low']:+.4f} to {later['high']:+.4f}" if later["low"] is not None else ""
    yield (
        f"Since then {later['kpi'].replace('_', ' ')} {later['verdict']}: {later['difference']:+.4f}{interval}, "
        f"{later['pairs']} pairs of the same time of year. Not causal."
    )
