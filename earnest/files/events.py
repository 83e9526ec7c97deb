"""Rows of deals and roster files as events for ingest: what is sent is read as `earnest calc` reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import polars as pl

from earnest.files.cells import DEAL_COLUMNS, deal_patch, refusing, roster_patch
from earnest.files.deals import unsaid_of
from earnest.files.rejections import Rejection, rejected
from earnest.files.rows import ROW, Rows
from earnest.local.home import company_zone
from shared.contracts import deals, roster
from shared.contracts.base import NAME
from shared.contracts.message import structured_event
from shared.kernel import PlanSet

Events = list[dict[str, Any]]
NO_TIMES: Final[Mapping[int, tuple[str | None, str | None]]] = {}


class Undeclared(NamedTuple):
    """Columns of deals that no plan declares: those that are `kept`, and those of names that no plan can declare."""

    kept: list[str]
    unfit: list[str]


def undeclared(rows: Rows, plans: PlanSet) -> Undeclared:
    """The columns of deals that no plan declares."""
    names = [name for name in rows.frame.columns if name not in {ROW, *DEAL_COLUMNS, *plans.columns}]
    kept = [name for name in names if re.fullmatch(NAME, name)]
    return Undeclared(kept, [name for name in names if name not in kept])


class FileEvents(NamedTuple):
    """Events in the order of their rows, and the rows that are none (`REJECTED`)."""

    events: Events
    rejected: pl.DataFrame


def deal_events(
    rows: Rows,
    plans: PlanSet,
    *,
    source: str,
    time: str,
    times: Mapping[int, tuple[str | None, str | None]] = NO_TIMES,
) -> FileEvents:
    """The rows of a deals file as patches that mean what they mean to `earnest calc`: a deal without a stage is won,
    one without a currency has that of the plans if they share one, and of two rows of a deal the later holds.

    Args:
        rows: text columns.
        plans: whose columns are the company's own; columns that none of them declares are sent as texts.
        source: who says so.
        time: when a row became so.
        times: time and sequence of rows that have their own; a sequence orders rows of one instant.
    """
    zone, unsaid = company_zone(), unsaid_of(plans)
    # What no plan declares yet is kept as it is written: a plan may be published after the deals that it pays on.
    custom = dict.fromkeys(undeclared(rows, plans).kept, pl.String()) | plans.columns
    begun: set[str] = set()
    events: Events = []
    refused: list[Rejection] = []
    for row in rows.frame.iter_rows(named=True):
        with refusing(refused, "deals", row=row[ROW], name=row["deal_id"]):
            patch = deal_patch(row, custom, zone=zone)
            said = patch.fields.model_dump(mode="json", exclude_unset=True)
            # What a file leaves unsaid is said once for a deal: by its first row, so that any later one prevails.
            fields = said if patch.deal_id in begun else {**unsaid, **said}
            begun.add(patch.deal_id)
            own_time, sequence = times.get(row[ROW], (None, None))
            data = {"deal_id": patch.deal_id, "fields": fields, "sequence": int(sequence or row[ROW])}
            name = f"{source}-{patch.deal_id}-{row[ROW]}"[:256]
            events.append(structured_event(deals.TYPE, name, source=source, time=instant(own_time or time), data=data))
    return FileEvents(events, pl.concat([rows.rejected, rejected(refused)]))


def roster_events(rows: Rows, *, source: str, time: str) -> FileEvents:
    """The rows of a roster file as patches; of two rows that say the same attribute from the same day, the later holds.

    Args:
        rows: text columns.
        source: who says so.
        time: when.
    """
    zone = company_zone()
    events: Events = []
    refused: list[Rejection] = []
    for row in rows.frame.iter_rows(named=True):
        with refusing(refused, "roster", row=row[ROW], name=row["participant_id"]):
            patch = roster_patch(row, zone)
            data = patch.model_dump(mode="json", exclude_unset=True) | {"sequence": row[ROW]}
            name = f"{source}-{patch.participant_id}-{row[ROW]}"[:256]
            events.append(structured_event(roster.TYPE, name, source=source, time=instant(time), data=data))
    return FileEvents(events, pl.concat([rows.rejected, rejected(refused)]))


def instant(time: str) -> str:
    """When a row became so, as an instant: a file has dates where an event has one."""
    return f"{time}T00:00:00Z" if len(time) == len("2025-03-31") else time
