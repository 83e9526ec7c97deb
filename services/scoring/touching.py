"""Who set the facts that a month's pay rests on: nobody of them may approve it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final

import polars as pl

from services.scoring.deal_facts import deal_facts
from shared.facts import Facts, set_by

TOUCHES: Final = pl.Schema({"participant_id": pl.String(), "who": pl.String(), "what": pl.String()})

_KINDS: Final = {"quota": "quota", "term": "rate", "score": "score"}
_ROSTER: Final = frozenset({"manager", "plan", "position", "territory", "active"})
"""What decides earnings; where a payment goes, such as `payroll_id`, is no matter here."""


def by_deals(lines: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """`TOUCHES` of whoever set a fact of a deal that has a line."""
    deals = lines.select("participant_id", "deal_id").drop_nulls("deal_id").unique()
    named = deals.join(facts.select("deal_id", "who"), on="deal_id").select("participant_id", "who").unique()
    return named.explode("who").drop_nulls("who").unique().with_columns(what=pl.lit("deal"))


def by_lost_deals(lost: pl.DataFrame) -> pl.DataFrame:
    """`TOUCHES` of whoever set a fact of a deal (participant_id, deal_id, packed facts) that credits the participant no longer."""
    if lost.is_empty():
        return pl.DataFrame(schema=TOUCHES)
    facts = deal_facts(lost.select("deal_id", "facts").unique("deal_id"))
    named = lost.select("participant_id", "deal_id").join(facts.select("deal_id", "who"), on="deal_id")
    return (
        named.select("participant_id", "who")
        .explode("who")
        .drop_nulls("who")
        .unique()
        .with_columns(what=pl.lit("deal"))
    )


def by_plans(earned: pl.DataFrame, authors: Mapping[tuple[str, int], str]) -> pl.DataFrame:
    """`TOUCHES` of whoever published a version that pays."""
    known = pl.DataFrame(
        [(plan, version, author) for (plan, version), author in authors.items()],
        schema={"plan": pl.String, "version": pl.Int64, "who": pl.String},
        orient="row",
    )
    versions = earned.select("participant_id", "plan", "version").unique()
    found = versions.join(known, on=["plan", "version"]).select("participant_id", "who").unique()
    return found.with_columns(what=pl.lit("rate"))


def by_roster(people: Iterable[tuple[str, Facts]], last: date) -> pl.DataFrame:
    """`TOUCHES` of whoever set what holds of a participant on the last day of the month, and scores until then."""
    rows = {(person, *touch) for person, facts in people for touch in _roster(facts, last.isoformat())}
    return pl.DataFrame(sorted(rows), schema=TOUCHES, orient="row")


def _roster(facts: Facts, last: str) -> Iterator[tuple[str, str]]:
    in_force: dict[str, tuple[str, str]] = {}
    for path, held in facts.items():
        day, slash, attribute = path.partition("/")
        kind, dot, _ = attribute.partition(".")
        if not slash or day > last or not (dot or attribute in _ROSTER):
            continue
        if day >= in_force.get(attribute, ("", ""))[0]:
            in_force[attribute] = day, set_by(held)
    for attribute, (_, who) in in_force.items():
        kind, dot, _ = attribute.partition(".")
        yield who, _KINDS.get(kind, "roster") if dot else "roster"
