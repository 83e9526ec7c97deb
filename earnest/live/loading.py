"""Files loaded into the running installation: read as `earnest calc` reads them, and told row by row where something
was refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from rich.console import Console

from earnest.client import Client
from earnest.commands import ANALYST
from earnest.files import remarks
from earnest.files.deals import deal_rows, read_deals
from earnest.files.events import deal_events, roster_events
from earnest.files.rejections import Rejection, in_order, rejected
from earnest.files.roster import roster_rows
from earnest.live.facts import participant_values
from earnest.live.sending import EventSender, Refusal
from earnest.plans.published import published_plans, versions
from shared.contracts import roster
from shared.contracts.base import instant_text
from shared.contracts.message import structured_event
from shared.spreadsheets import write_csv

REFUSED = "refused"
SHOWN = 20
"""Refused rows that the screen shows where they are also written into a file."""


class Loaded(NamedTuple):
    """How many rows of a file were taken, those that were not (`REJECTED`), and what a reader should know."""

    taken: int
    rejected: pl.DataFrame
    notes: list[str]


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
    notes = remarks.of_rows(read.repeated) + remarks.of_columns(read.unused, read.absent)
    return _loaded("deals", events.events, refusals=refusals, unread=events.rejected, notes=notes)


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
        put, notes = _on_the_only_plan(client, events.events)
    refusals = sender.offer("roster", who, events=[*put, *events.events])
    # Those that were put on the plan are no rows of the file; what is refused of them is refused of their rows, too.
    refusals = [refusal._replace(place=refusal.place - len(put)) for refusal in refusals if refusal.place >= len(put)]
    return _loaded("roster", events.events, refusals=refusals, unread=events.rejected, notes=notes)


def _on_the_only_plan(client: Client, events: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    plans = sorted({version["plan"] for version in versions(client, who=ANALYST)})
    begins: dict[str, str] = {}
    placed = set()
    for event in events:
        data = event["data"]
        who, since = data["participant_id"], data["effective_from"]
        begins[who] = min(since, begins.get(who, since))
        if data["fields"].get("plan"):
            placed.add(who)
    without = sorted(set(begins) - placed)
    if without and (len(plans) == 1 or not plans):
        there = {
            who
            for who, values in participant_values(client, who=ANALYST)
            if any(path.endswith("/plan") and value for path, value in values.items())
        }
        without = [who for who in without if who not in there]
    if not without:
        return [], []
    if len(plans) != 1:
        what = "no plan is published" if not plans else f"there are several, {', '.join(plans)}"
        return [], [f"The file gives {len(without):,} participants no plan, and {what}: who is on none earns nothing."]
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
    return put, [f"The file gives {len(without):,} participants no plan: they are put on the only one, {plan}."]


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
    summary = f"{file}: {loaded.taken:,} rows taken, {count:,} refused."
    console.print(summary, highlight=False, markup=False, soft_wrap=True)
