"""A roster file as the kernel reads it: dated rows are patches, merged as the patches of HR are."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl

from earnest.files.cells import refusing, roster_patch
from earnest.files.deals import STAMP
from earnest.files.rejections import FileError, Rejection, rejected
from earnest.files.rows import ROW, Rows, read_rows
from earnest.local.home import company_zone
from shared.contracts.roster import EVERYONE
from shared.contracts.roster_rows import BadHeader, check_columns
from shared.facts import Facts, merge
from shared.kernel import PlanSet, Roster


class RosterOfFile(NamedTuple):
    """The roster, its number of participants, the rows that could not be used, and what a reader should know."""

    roster: Roster
    size: int
    rejected: pl.DataFrame
    notes: list[str]


def roster_rows(path: Path) -> Rows:
    """The rows of a roster file.

    Raises:
        FileError: the file cannot be read, or has a column that is not known.
    """
    rows = read_rows(path, "roster", required=())
    try:
        check_columns([name for name in rows.frame.columns if name != ROW])
    except BadHeader as error:
        raise FileError(f"{path}: {error}") from None
    return rows


def read_roster(roster: Path | Rows, plans: PlanSet) -> RosterOfFile:
    """The roster of a file, or of rows as a mapping reads them. Whom no row gives a plan is on the only plan, if there
    is only one.

    Raises:
        FileError: the file cannot be read, or has a column that is not known.
    """
    rows, zone = roster_rows(roster) if isinstance(roster, Path) else roster, company_zone()
    people: dict[str, Facts] = {}
    joined: dict[str, date] = {}
    refused: list[Rejection] = []
    for row in rows.frame.iter_rows(named=True):
        with refusing(refused, "roster", row=row[ROW], name=row["participant_id"]):
            patch = roster_patch(row, zone)
            who, since = patch.participant_id, patch.effective_from
            facts = people.setdefault(who, {})
            merge(facts, patch.flat(), occurred_at=STAMP, sequence=row[ROW], source="file")
            joined[who] = min(since, joined.get(who, since))
    size = len(people.keys() - {EVERYONE})
    put = _on_the_only_plan(people, joined, plans=plans)
    notes = []
    if put:
        notes = [
            f"The roster gives {put:,} of {size:,} participants no plan: here they are on the only one, "
            f"{next(iter(plans)).plan}. So does `earnest roster load`; a file that is sent otherwise names it in its "
            "column plan."
        ]
    return RosterOfFile(Roster.from_facts(people.items()), size, pl.concat([rows.rejected, rejected(refused)]), notes)


def _on_the_only_plan(people: dict[str, Facts], joined: dict[str, date], *, plans: PlanSet) -> int:
    """How many participants were put on it."""
    ids = {plan.plan for plan in plans}
    if len(ids) != 1:
        return 0
    without = {
        who: facts
        for who, facts in people.items()
        if who != EVERYONE and not any(path.endswith("/plan") for path in facts)
    }
    for participant_id, facts in without.items():
        # Sequence 0, below every row: what a row of the file says of the plan prevails.
        merge(facts, {f"{joined[participant_id]}/plan": next(iter(ids))}, occurred_at=STAMP, sequence=0, source="file")
    return len(without)
