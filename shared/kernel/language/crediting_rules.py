"""Crediting rules: which deals credit whom, with how much, on which date."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator
from sqlglot.errors import SqlglotError

from shared.kernel.language.formulas import FormulaText
from shared.kernel.language.sql_text import parse
from shared.kernel.language.values import Levels, Name, OwnFigure, Rate

WON = "stage = 'won'"
RELATIONS = ("holder", "managers", "team", "territory")
"""Who may be credited besides a participant that a column of the deal names."""


def _within_limits(text: str) -> str:
    with suppress(SqlglotError):  # the plan, which knows the columns, says what is wrong
        parse(text, read="duckdb")
    return text


FilterText = Annotated[str, AfterValidator(_within_limits)]
"""A yes/no SQL condition over the columns of a deal."""


class CreditingRule(Levels):
    """Credits the deals that `when` selects.

    `to` says whom: `holder` (the owner, or each participant of a split with their share), `managers` (everybody above a
    holder in the chain of the credit date, with the parts held below them), `team` (all who share the holder's
    manager), `territory` (all whose territory is the deal's), or a column of type `participant` that names them.
    """

    rule: Name
    """The rule's name, which statements show."""
    to: Name = "holder"
    """Whom it credits: `holder`, `managers`, `team`, `territory`, or a column of type participant."""
    when: FilterText = WON
    """Which deals: a yes/no SQL condition over columns of the deal. It replaces the default, `stage = 'won'`."""
    amount: FormulaText | None = None
    """What is credited, an SQL expression over the deal: `amount - refunded` unless said otherwise."""
    share: Rate | None = None
    """How much of that: an overlay of `50%` beside the holders' own credit."""
    date: Name = "close_date"
    """The date of the credit: `close_date`, `open_date`, or a column of type `date`. A deal without it is not credited
    yet."""
    cap: OwnFigure | None = None
    """The most that one deal credits one participant by this rule; `{term: name, default: …}` is the participant's own
    on the date of the credit."""
    priority: int = Field(default=0, ge=-1_000_000, le=1_000_000)
    """With `match: first`, rules of higher priority are tried first, and those of the same priority in the order of the
    file."""

    @field_validator("cap", mode="before")
    @classmethod
    def _is_known_when_credited(cls, cap: Any) -> Any:
        """A deal is credited by itself, before measures add credits up."""
        if isinstance(cap, dict) and "measure" in cap:
            raise ValueError(
                "a deal is credited before measures add up, so a measure caps no credit: write a number, or {term: …,"
                " default: …}; what a deal pays is capped by the component, as deal_maximum: {measure: …}"
            )
        if isinstance(cap, dict) and "term" in cap and cap.get("default") is None:
            raise ValueError(
                f"say the cap of those who have no figure of their own: {{term: {cap['term']}, default: 50000}}"
            )
        return cap
