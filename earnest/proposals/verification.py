"""An effect as it is told, and calculated once more from the files of a proposal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

from earnest.proposals.candidates import Proposing, Signal, paid_with
from earnest.proposals.drafts import Draft
from earnest.proposals.effects import Effect, Span, both_paid, effect
from earnest.proposals.quotas import QuotaFile
from shared.kernel.plan.plan_file import read_plan
from shared.kernel.plan.version import Plan

AMOUNTS: Final = ("cost_before", "cost_after", "change_p10", "change_p50", "change_p90")
COUNTS: Final = ("gain", "lose", "same")


class NotVerifiable(ValueError):
    """What a proposal started from is not known any more; the message says what."""


@dataclass(frozen=True, kw_only=True)
class Recalculated:
    """An effect, and `pay` (participant_id, before, after in minor units, currency), those who lose most first."""

    effect: Effect
    pay: pl.DataFrame


def told(of: Effect) -> dict[str, Any]:
    """An effect as JSON, amounts and figures as decimal texts."""
    figures = {
        name: {"before": f"{before:.6f}", "after": f"{of.figures_after[name]:.6f}"}
        for name, before in of.figures_before.items()
        if name in of.figures_after
    }
    months = [
        {
            "month": each.month,
            "cost_before": str(each.cost_before),
            "cost_after": str(each.cost_after),
            "changed": each.changed,
        }
        for each in of.months
    ]
    return {
        "first": of.span.first,
        "last": of.span.last,
        "currency": of.currency,
        **{name: str(getattr(of, name)) for name in AMOUNTS},
        **{name: getattr(of, name) for name in COUNTS},
        "figures": figures,
        "months": months,
    }


def recalculated(proposing: Proposing, offered: Mapping[str, Any], *, signal: Signal) -> Recalculated:
    """What the files of a proposal would have paid, over its months and the facts as they are now.

    Args:
        proposing: deals, roster and plans as they are now.
        offered: the proposal, as the service tells it to who may read earnings.
        signal: what its alert says.

    Raises:
        NotVerifiable: a plan version that it starts from, or the quotas before it, are not known any more.
        Overflow: a sum is beyond 10^18 minor units.
    """
    if offered["effect"] is None or any(each["text"] is None for each in offered["files"]):
        raise NotVerifiable("its figures are told to those who may read earnings")
    if offered["holds_from"] and not all(each["plan"] for each in offered["files"]):
        raise NotVerifiable("its quotas are loaded: the roster no longer says for this date what they were before")
    plans = [_version(proposing, key) for key in offered["plans"]]
    files = [_file(each, effective_from=offered["effective_from"]) for each in offered["files"]]
    span = Span(first=offered["effect"]["first"], last=offered["effect"]["last"])
    before, after = (paid_with(proposing.inputs, plans, files=made, span=span) for made in ((), files))
    return Recalculated(
        effect=effect(before, after, span=span, people=proposing.of_figures(signal)),
        pay=both_paid(before, after, "participant_id")
        .filter((pl.col("before") != 0) | (pl.col("after") != 0))
        .with_columns(currency=pl.lit(before.currency))
        .sort(pl.col("after") - pl.col("before"), "participant_id"),
    )


def differences(offered: Mapping[str, Any], now: Effect) -> Iterator[str]:
    """What an effect says otherwise than a proposal, in words."""
    again = told(now)
    for name in (*AMOUNTS, *COUNTS):
        if Decimal(offered[name]) != Decimal(again[name]):
            yield f"{name.replace('_', ' ')} {offered[name]}, now {again[name]}"
    for name, figure in offered["figures"].items():
        if (new := again["figures"].get(name)) != figure:
            yield f"{name.replace('_', ' ')} {figure['after']}, now {new['after'] if new else 'not known'}"
    months = {month["month"]: month["cost_after"] for month in again["months"]}
    for month in offered["months"]:
        if Decimal(month["cost_after"]) != Decimal(months.get(month["month"], 0)):
            yield f"{month['month']} {month['cost_after']}, now {months.get(month['month'], 0)}"


def _version(proposing: Proposing, key: str) -> Plan:
    found = next((plan for plan in proposing.inputs.plans if plan.key == key), None)
    if found is None:
        raise NotVerifiable(f"it starts from {key}, which is no published version that calculates: propose again")
    return found


def _file(file: Mapping[str, Any], *, effective_from: str) -> Draft | QuotaFile:
    if file["plan"] is None:
        return QuotaFile(file=file["file"], text=file["text"], effective_from=date.fromisoformat(effective_from))
    return Draft(file=file["file"], text=file["text"], plan=read_plan(file["text"], file["file"]))
