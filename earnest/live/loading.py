"""Files loaded into the running installation: read as `earnest calc` reads them, and told row by row where something
was refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from rich.console import Console

from earnest.client import Client, pages
from earnest.commands import ANALYST
from earnest.files import remarks
from earnest.files.deals import deal_rows, read_deals, unsaid_of
from earnest.files.events import Undeclared, deal_events, roster_events, undeclared
from earnest.files.rejections import Rejection, in_order, rejected
from earnest.files.roster import roster_rows
from earnest.files.rows import Rows
from earnest.live.facts import on_a_plan, participant_values
from earnest.live.sending import EventSender, Refusal
from earnest.plans.published import published_plans, versions
from shared.contracts import roster
from shared.contracts.base import instant_text
from shared.contracts.message import structured_event
from shared.formatting import counted
from shared.kernel import PlanSet
from shared.kernel.crediting.uncredited import uncredited_by_reason
from shared.kernel.language.findings import did_you_mean
from shared.spreadsheets import write_csv

REFUSED = "refused"
_NOT_PUBLISHED = "no plan is published yet: publish it, and then load this file again, which puts them on it"
PAGE = 1000
SHOWN = 20
"""Refused rows that the screen shows where they are also written into a file."""


class Loaded(NamedTuple):
    """How many rows of a file were taken, those that were not (`REJECTED`), what a reader should know, and the deals
    that it is about; None where it may be any.
    """

    taken: int
    rejected: pl.DataFrame
    notes: list[str]
    deals: frozenset[str] | None = None


def load_deals(client: Client, file: Path, *, sender: EventSender, who: str) -> Loaded:
    """Send the rows of a deals file.

    Raises:
        FileError: the file cannot be read.
        LocalError: the installation does not answer.
    """
    with sender.working(f"Reading {file}"):
        plans = published_plans(client, who=ANALYST)
        rows = deal_rows(file, plans)
        read = read_deals(rows, plans)
        events = deal_events(rows, plans, source="deals-file", time=instant_text(datetime.now(UTC)))
    refusals = sender.offer("deals", who, events=events.events)
    notes = [
        *remarks.of_rows(read.repeated),
        *remarks.of_columns([], read.absent),
        *_of_undeclared(undeclared(rows, plans)),
        *_of_currencies(rows, plans),
    ]
    loaded = _loaded("deals", events.events, refusals=refusals, unread=events.rejected, notes=notes)
    return loaded._replace(deals=frozenset(event["data"]["deal_id"] for event in events.events))


def outcome(client: Client, loaded: Loaded) -> list[str]:
    """What a file came to once everything of it is worked off: whether all is credited, or what credits nobody."""
    rows = [
        (view["deal_id"], view["participant_id"], view["reason"], view["rule_skipped"]["about"])
        for page in pages(client, "/v1/uncredited", query={"limit": PAGE}, who=ANALYST, service="scoring")
        for view in page["uncredited"]
        if loaded.deals is None or view["deal_id"] in loaded.deals
    ]
    if not rows:
        return ["Everything is credited, earned and booked."]
    warnings = [f"Warning: {missed.in_words}" for missed in uncredited_by_reason(rows)]
    return [*warnings, "Everything else is credited, earned and booked."]


def _of_undeclared(columns: Undeclared) -> Iterator[str]:
    for name in columns.kept:
        yield f"No plan declares the deals' column {name} yet: it is kept, and read from when a plan does."
    for name in columns.unfit:
        yield (
            f"The deals' column {name} is not kept: no plan can declare that name; write small letters, digits and _,"
            " beginning with a letter."
        )


def _of_currencies(rows: Rows, plans: PlanSet) -> Iterator[str]:
    """That deals without a currency credit nobody where no plan lends them one."""
    without = rows.frame if "currency" not in rows.frame.columns else rows.frame.filter(pl.col("currency").is_null())
    if "currency" in unsaid_of(plans) or without.is_empty():
        return
    why = "the published plans do not share one" if list(plans) else "no plan is published that could lend them one"
    yield f"{counted(without.height, 'row')} without a currency, and {why}: say it, or publish the plan and load again."


def load_roster(client: Client, file: Path, *, sender: EventSender, who: str) -> Loaded:
    """Send the rows of a roster file. Whom it gives no plan and who is on none is put on the only plan, as
    `earnest calc` does, where only one is published.

    Raises:
        FileError: the file cannot be read.
        LocalError: the installation does not answer.
    """
    with sender.working(f"Reading {file}"):
        rows = roster_rows(file)
        events = roster_events(rows, source="roster-file", time=instant_text(datetime.now(UTC)))
        plans = sorted({version["plan"] for version in versions(client, who=ANALYST)})
        put, notes = _on_the_only_plan(client, events.events, plans=plans)
        notes += _of_plans(events.events, plans)
    refusals = sender.offer("roster", who, events=[*put, *events.events])
    # Those that were put on the plan are no rows of the file; what is refused of them is refused of their rows, too.
    refusals = [refusal._replace(place=refusal.place - len(put)) for refusal in refusals if refusal.place >= len(put)]
    return _loaded("roster", events.events, refusals=refusals, unread=events.rejected, notes=notes)


def _of_plans(events: Sequence[dict[str, Any]], plans: Sequence[str]) -> Iterator[str]:
    """Plans that a roster names and that are not published."""
    on: dict[str, set[str]] = {}
    for event in events:
        if plan := event["data"]["fields"].get("plan"):
            on.setdefault(plan, set()).add(event["data"]["participant_id"])
    for plan in sorted(on.keys() - set(plans)):
        yield (
            f"The file puts {counted(len(on[plan]), 'participant')} on plan {plan}, which is not published: who is on"
            f" it earns nothing until it is; {did_you_mean(plan, plans, what='plans')}."
        )


def _on_the_only_plan(
    client: Client, events: Sequence[dict[str, Any]], *, plans: Sequence[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    begins: dict[str, str] = {}
    placed = set()
    for event in events:
        data = event["data"]
        who, since = data["participant_id"], data["effective_from"]
        if who == roster.EVERYONE:
            continue
        begins[who] = min(since, begins.get(who, since))
        if data["fields"].get("plan"):
            placed.add(who)
    without = sorted(set(begins) - placed)
    if without and (len(plans) == 1 or not plans):
        there = {who for who, values in participant_values(client, who=ANALYST) if on_a_plan(values)}
        without = [who for who in without if who not in there]
    if not without:
        return [], []
    people = counted(len(without), "participant")
    if len(plans) != 1:
        what = f"there are several, {', '.join(plans)}: name it in the column plan" if plans else _NOT_PUBLISHED
        return [], [f"The file gives {people} no plan, and {what}; who is on none earns nothing."]
    [plan] = plans
    put = [
        structured_event(
            roster.TYPE,
            f"only-plan-{who}"[:256],
            source="roster-file",
            # Before everything that anybody says: whatever a row or HR says of the plan prevails.
            time="1970-01-01T00:00:00Z",
            data={"participant_id": who, "effective_from": begins[who], "fields": {"plan": plan}},
        )
        for who in without
    ]
    return put, [f"The file gives {people} no plan: they are put on the only one, {plan}."]


def _loaded(
    file: str,
    events: Sequence[dict[str, Any]],
    *,
    refusals: Sequence[Refusal],
    unread: pl.DataFrame,
    notes: list[str],
) -> Loaded:
    id_of = "deal_id" if file == "deals" else "participant_id"
    refused: list[Rejection] = []
    for refusal in refusals:
        data = events[refusal.place]["data"]
        refused.append((file, data["sequence"], data[id_of], REFUSED, refusal.why))
    return Loaded(len(events) - len(refusals), in_order(pl.concat([unread, rejected(refused)])), notes)


def tell(loaded: Loaded, file: Path, *, rejected_to: Path | None, console: Console) -> None:
    """Say what became of a file, row by row where something was refused."""
    for note in loaded.notes:
        console.print(f"Note: {note}", highlight=False, markup=False, soft_wrap=True)
    count = loaded.rejected.height
    shown = loaded.rejected if rejected_to is None else loaded.rejected.head(SHOWN)
    for row, name, why in shown.select("row", "id", "message").iter_rows():
        of = f" ({name})" if name else ""
        console.print(f"{file}, row {row}{of}: {why}", highlight=False, markup=False, soft_wrap=True)
    if rejected_to is not None:
        write_csv(loaded.rejected, rejected_to)
        console.print(f"Written: {rejected_to}", highlight=False, markup=False, soft_wrap=True)
    summary = f"{file}: {counted(loaded.taken, 'row')} taken, {count:,} refused."
    console.print(summary, highlight=False, markup=False, soft_wrap=True)
