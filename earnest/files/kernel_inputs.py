"""The files of a company as the kernel takes them: what every command that computes from files reads first."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from earnest.files.deals import read_deals
from earnest.files.rejections import FileError, rejected
from earnest.files.roster import read_roster
from earnest.files.rows import Rows
from shared.kernel import PlanSet, Roster
from shared.kernel.crediting.aliases import with_participants


@dataclass(frozen=True)
class KernelInputs:
    """Deals (`DEALS` with the plans' columns, held by participants of the roster), the roster, the plans, and the rows
    that could not be used (`REJECTED`).
    """

    deals: pl.DataFrame
    roster: Roster
    plans: PlanSet
    rejected: pl.DataFrame = field(default_factory=rejected)


def read_inputs(deals: Path | Rows, roster: Path | Rows, *, plans: PlanSet) -> KernelInputs:
    """Read the files; rows that cannot be used are left out, and named.

    Raises:
        FileError: a file cannot be read.
    """
    people, sold = read_roster(roster, plans), read_deals(deals, plans)
    held = with_participants(sold.table, people.roster, plans=plans)
    return KernelInputs(held, people.roster, plans, rejected=pl.concat([people.rejected, sold.rejected]))


def check_in_roster(inputs: KernelInputs, participant: str) -> None:
    """Check that somebody is in the roster.

    Raises:
        FileError: nobody of that name is.
    """
    if participant not in inputs.roster.assignments["participant_id"]:
        raise FileError(f"{participant} is not in the roster")
