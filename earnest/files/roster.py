"""A roster file as the kernel reads it: dated rows are patches, merged as the patches of HR are."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import polars as pl

from earnest.files.cells import BadCell, roster_patch
from earnest.files.deals import STAMP
from earnest.files.rejected import BAD_VALUE, rejected
from earnest.files.remarks import figures_of
from earnest.files.rows import ROW, Rows
from shared.contracts.roster_rows import FIGURES, is_known
from shared.facts import Facts, merge
from shared.kernel import PlanSet, Roster

REQUIRED = ("participant_id",)


class People(NamedTuple):
    """The roster, how many participants it has, the rows that could not be used, and columns nobody reads."""

    roster: Roster
    size: int
    rejected: pl.DataFrame
    unused: list[str]


def roster_of(rows: Rows, plans: PlanSet) -> People:
    """The roster of a file's rows. Whom no row gives a plan is on the only plan, if there is only one."""
    people: dict[str, Facts] = {}
    joined: dict[str, date] = {}
    refused: list[tuple[str, int | None, str | None, str, str]] = []
    for row in rows.frame.iter_rows(named=True):
        try:
            patch = roster_patch(row)
        except BadCell as error:
            refused.append(("roster", row[ROW], row["participant_id"], BAD_VALUE, str(error)))
            continue
        merge(people.setdefault(patch.participant_id, {}), patch.flat(), STAMP, row[ROW], "file")
        joined[patch.participant_id] = min(patch.effective_from, joined.get(patch.participant_id, patch.effective_from))
    _on_the_only_plan(people, joined, plans)
    known = {figure for plan in plans for figure in figures_of(plan)}
    unused = [
        name
        for name in rows.frame.columns
        if name != ROW and (not is_known(name) or (name.startswith(tuple(FIGURES)) and name not in known))
    ]
    return People(Roster.from_facts(people.items()), len(people), pl.concat([rows.rejected, rejected(refused)]), unused)


def _on_the_only_plan(people: dict[str, Facts], joined: dict[str, date], plans: PlanSet) -> None:
    ids = {plan.plan for plan in plans}
    if len(ids) != 1:
        return
    for participant_id, facts in people.items():
        if not any(path.endswith("/plan") for path in facts):
            merge(facts, {f"{joined[participant_id]}/plan": next(iter(ids))}, STAMP, 0, "file")
